//! Ties between fields: each leads to a field that is loaded itself.

use super::item::{How, ParamField};
use crate::attr::Errors;
use crate::valid;
use syn::Ident;

/// Notes every tie that leads nowhere. `idents` are all fields as they are written, also those that were refused.
pub(super) fn check(fields: &[ParamField], idents: &[&Ident], errors: &mut Errors) {
    for field in fields {
        let How::Tied(path) = &field.how else { continue };
        let Some(target) = path.first() else { continue };
        if *target == field.ident {
            errors.push(valid::tied_to_itself(&field.ident, target));
            continue;
        }
        if !idents.contains(&target) {
            errors.push(valid::tied_to_nothing(&field.ident, target, idents));
            continue;
        }
        match fields.iter().find(|other| other.ident == *target).map(|other| &other.how) {
            Some(How::Skip) => errors.push(valid::tied_to_skipped(&field.ident, target)),
            Some(How::Tied(further)) => match further.first() {
                Some(back) if *back == field.ident => {
                    errors.push(valid::tied_in_a_circle(&field.ident, target));
                }
                Some(root) => errors.push(valid::tied_to_tied(&field.ident, target, root)),
                None => {}
            },
            _ => {}
        }
    }
}
