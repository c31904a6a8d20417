//! The tensor name that was probably meant.

use crate::nearest::distance;

/// Names compared per question; beyond this a hint is not worth its time.
const NAMES_MAX: usize = 2048;

/// The name most similar to `wanted`: one that is the same behind other leading segments, else the one at the
/// smallest distance, if that is at most a third of `wanted`.
pub(super) fn nearest<'a>(wanted: &str, names: &[&'a str]) -> Option<&'a str> {
    let names = &names[..names.len().min(NAMES_MAX)];
    if let Some(name) = names.iter().find(|name| same_tail(wanted, name)) {
        return Some(name);
    }
    let most = wanted.len() / 3;
    let similar = names.iter().filter(|name| name.len().abs_diff(wanted.len()) <= most);
    let (distance, name) = similar.map(|name| (distance(wanted, name), *name)).min()?;
    (distance <= most).then_some(name)
}

/// Whether one name is the other behind more segments.
fn same_tail(a: &str, b: &str) -> bool {
    let (long, short) = if a.len() > b.len() { (a, b) } else { (b, a) };
    long.strip_suffix(short).is_some_and(|head| head.ends_with('.'))
}

#[cfg(test)]
mod tests;
