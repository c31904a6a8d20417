//! The known word that is nearest to an unknown one, for "the nearest is …".

use stratal_runtime::nearest::distance;

/// The word of `known` that was meant by `word`: one that contains it, else the one that it becomes by the fewest
/// insertions, removals, replacements and swaps of neighbours; the first of several.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known.iter().copied().min_by_key(|candidate| (!candidate.contains(word), distance(word, candidate)))
}

#[cfg(test)]
mod tests;
