//! Where in a tree of parameters a walk stands: the name of the place, the fields that led there, the tier it is to be in.

/// What a field's options say; the derive writes it for fields that have any.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The field.
    pub field: &'static str,
    /// Its name in the source; of a field of elements, the pattern with `{i}`.
    pub name: &'static str,
    /// The tier that its tensors are to be in; empty where it says nothing.
    pub tier: &'static str,
}

/// A place in the tree.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Its name in the source: parts between dots.
    pub(super) path: String,
    /// The fields that led there.
    pub(super) fields: String,
    /// The tier that the nearest field around it asks for; empty if none does.
    pub(super) tier: &'static str,
}

/// Where a place was before a step.
pub(super) struct Mark {
    path: usize,
    fields: usize,
    tier: &'static str,
}

impl Place {
    /// Steps to `name` through `field`; an empty name is no step.
    pub(super) fn enter(&mut self, name: &str, field: &str) -> Mark {
        let mark = Mark { path: self.path.len(), fields: self.fields.len(), tier: self.tier };
        append(&mut self.path, name);
        append(&mut self.fields, field);
        mark
    }

    /// Steps to where `spec` says.
    pub(super) fn enter_spec(&mut self, spec: &Spec) -> Mark {
        let mark = self.enter(spec.name, spec.field);
        if !spec.tier.is_empty() {
            self.tier = spec.tier;
        }
        mark
    }

    /// Steps back.
    pub(super) fn leave(&mut self, mark: Mark) {
        self.path.truncate(mark.path);
        self.fields.truncate(mark.fields);
        self.tier = mark.tier;
    }

    /// The name of `name` below this place.
    pub(super) fn join(&self, name: &str) -> String {
        let mut joined = self.path.clone();
        append(&mut joined, name);
        joined
    }
}

/// Appends `name` to `path`, behind a dot unless one of them is empty.
fn append(path: &mut String, name: &str) {
    if !path.is_empty() && !name.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}
