//! The names of a source, sorted once, so that every question about a prefix is a binary search.
//!
//! Fields of one struct ask for neighbours, so the search for a name begins where the last one ended.

use crate::sync::owned::Cell;
use std::cmp::Ordering;

/// The sorted names of a source.
#[derive(Debug)]
pub(super) struct Catalogue<'a> {
    names: Vec<&'a str>,
    /// Of each name, where the source has it.
    places: Vec<usize>,
    /// Where the last search ended.
    last: Cell<usize>,
}

impl<'a> Catalogue<'a> {
    pub(super) fn new(names: Vec<&'a str>) -> Self {
        // Most names differ within a word behind what all begin with, and words are compared without going to the names.
        let shared = shared_beginning(&names);
        let with_word = |(at, name): (usize, &'a str)| (first_word(&name.as_bytes()[shared..]), name, at);
        let mut keyed: Vec<(u64, &str, usize)> = names.into_iter().enumerate().map(with_word).collect();
        keyed.sort_unstable();
        keyed.dedup_by_key(|(_, name, _)| *name);
        let (names, places) = keyed.into_iter().map(|(_, name, at)| (name, at)).unzip();
        Self { names, places, last: Cell::new(0) }
    }

    /// All names, sorted.
    pub(super) fn names(&self) -> &[&'a str] {
        &self.names
    }

    /// Where the source has the name at `position`.
    pub(super) fn place(&self, position: usize) -> usize {
        self.places[position]
    }

    /// The position of `name` among the sorted names.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let at = self.search(|own| own < name);
        self.names.get(at).is_some_and(|own| *own == name).then_some(at)
    }

    /// Whether a tensor has the name `path`, or one below it.
    pub(super) fn has(&self, path: &str) -> bool {
        self.position(path).is_some() || {
            let inside = self.search(|name| precedes(name, path));
            self.names.get(inside).is_some_and(|name| is_below(name, path))
        }
    }

    /// How many names are `before`, which holds for all up to some place: looks in steps that double away from where
    /// the last search ended, then halves the last step.
    fn search(&self, before: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (0, self.names.len());
        let (mut at, mut step) = (self.last.get(), 1);
        while low <= at && at < high {
            if before(self.names[at]) {
                low = at + 1;
                at += step;
            } else {
                high = at;
                at = at.wrapping_sub(step);
            }
            step *= 2;
        }
        let end = low + self.names[low..high].partition_point(|name| before(name));
        self.last.set(end.min(self.names.len().saturating_sub(1)));
        end
    }

    /// The names that begin with `start`.
    fn beginning(&self, start: &str) -> &[&'a str] {
        let first = self.names.partition_point(|name| *name < start);
        let len = self.names[first..].partition_point(|name| name.starts_with(start));
        &self.names[first..first + len]
    }

    /// The numbers `i` for which a tensor has the name `{before}{i}{after}`, or one below it; ascending.
    pub(super) fn indexes(&self, before: &str, after: &str) -> Vec<usize> {
        let names = self.beginning(before).iter();
        let mut indexes: Vec<usize> =
            names.filter_map(|name| index(name.get(before.len()..)?, after)).collect();
        // Names are sorted as text, in which the names of one element are neighbours.
        indexes.dedup();
        indexes.sort_unstable();
        indexes.dedup();
        indexes
    }

    /// The parts of names that follow `path` and a dot, each once, sorted.
    pub(super) fn keys(&self, path: &str) -> Vec<&'a str> {
        let below = below(path);
        let rest = self.beginning(&below).iter().filter_map(|name| name.get(below.len()..));
        let mut keys: Vec<&str> = rest.filter_map(|rest| rest.split('.').next()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// How many bytes all names begin with together.
fn shared_beginning(names: &[&str]) -> usize {
    let Some((first, rest)) = names.split_first() else { return 0 };
    rest.iter().fold(first.len(), |shared, name| {
        let pairs = first.bytes().zip(name.bytes()).take(shared);
        pairs.take_while(|(a, b)| a == b).count()
    })
}

/// The first eight bytes as a number that sorts as they do; of fewer, zeros follow.
fn first_word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    let len = bytes.len().min(8);
    word[..len].copy_from_slice(&bytes[..len]);
    u64::from_be_bytes(word)
}

/// Whether `name` sorts before every name below `path`.
fn precedes(name: &str, path: &str) -> bool {
    let (name, path) = (name.as_bytes(), path.as_bytes());
    let shared = name.len().min(path.len());
    match name[..shared].cmp(&path[..shared]) {
        Ordering::Less => true,
        Ordering::Greater => false,
        Ordering::Equal if path.is_empty() => false,
        Ordering::Equal => name.get(shared).is_none_or(|next| *next < b'.'),
    }
}

/// Whether `name` is below `path`: anything is below the root.
fn is_below(name: &str, path: &str) -> bool {
    let rest = name.strip_prefix(path);
    path.is_empty() || rest.is_some_and(|rest| rest.starts_with('.'))
}

/// How the names below `path` begin.
pub(super) fn below(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}.") }
}

/// The number that `rest` begins with, if it is written as `usize` prints it and `after` follows, up to a dot or the end.
fn index(rest: &str, after: &str) -> Option<usize> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(end);
    let rest = rest.strip_prefix(after)?;
    let canonical = digits == "0" || !digits.starts_with('0');
    let whole = rest.is_empty() || rest.starts_with('.');
    digits.parse().ok().filter(|_| canonical && whole)
}

#[cfg(test)]
mod tests;
