//! The names of a source, sorted once, so that every question about a prefix is a binary search.

/// The sorted names of a source.
#[derive(Debug)]
pub(super) struct Catalogue<'a> {
    names: Vec<&'a str>,
}

impl<'a> Catalogue<'a> {
    pub(super) fn new(names: &'a [String]) -> Self {
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        Self { names }
    }

    /// All names, sorted.
    pub(super) fn names(&self) -> &[&'a str] {
        &self.names
    }

    /// The position of `name` among the sorted names.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.binary_search(&name).ok()
    }

    /// Whether a tensor has the name `path`, or one below it.
    pub(super) fn has(&self, path: &str) -> bool {
        self.position(path).is_some() || !self.below(path).is_empty()
    }

    /// The names that begin with `path` and a dot; all, if `path` is empty.
    fn below(&self, path: &str) -> &[&'a str] {
        if path.is_empty() {
            return &self.names;
        }
        let prefix = format!("{path}.");
        let start = self.names.partition_point(|name| *name < prefix.as_str());
        let len = self.names[start..].partition_point(|name| name.starts_with(&prefix));
        &self.names[start..start + len]
    }

    /// The numbers that follow `path` and a dot in some name, ascending.
    pub(super) fn indexes(&self, path: &str) -> Vec<usize> {
        let skip = if path.is_empty() { 0 } else { path.len() + 1 };
        let mut indexes: Vec<usize> =
            self.below(path).iter().filter_map(|name| index(&name[skip..])).collect();
        indexes.sort_unstable();
        indexes.dedup();
        indexes
    }
}

/// The number that `rest` begins with, up to a dot or the end, if it is written as `usize` prints it.
fn index(rest: &str) -> Option<usize> {
    let digits = rest.split('.').next()?;
    let canonical = digits == "0" || !digits.starts_with(['0', '+']);
    digits.parse().ok().filter(|_| canonical)
}

/// `path` and `name` with a dot between them, or `name` alone at the root.
pub(super) fn join(path: &str, name: &str) -> String {
    let mut joined = path.to_owned();
    descend(&mut joined, name);
    joined
}

/// Appends `name` to `path`, behind a dot unless this is the root, and gives the length to truncate to afterwards.
pub(super) fn descend(path: &mut String, name: &str) -> usize {
    let parent = path.len();
    if parent > 0 {
        path.push('.');
    }
    path.push_str(name);
    parent
}

#[cfg(test)]
mod tests;
