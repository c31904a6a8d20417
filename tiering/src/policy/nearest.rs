//! The known word that is nearest to an unknown one, for "the nearest is …".

/// Longer words are compared by their first characters: nobody misspells more.
const LONGEST: usize = 64;

/// The word of `known` that was meant by `word`: one that contains it, else the one that it becomes by the fewest
/// insertions, removals, replacements and swaps of neighbours; the first of several.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known.iter().copied().min_by_key(|candidate| (!candidate.contains(word), distance(word, candidate)))
}

/// Optimal string alignment distance, ignoring case.
fn distance(a: &str, b: &str) -> usize {
    let letters =
        |word: &str| -> Vec<char> { word.chars().flat_map(char::to_lowercase).take(LONGEST).collect() };
    let (a, b) = (letters(a), letters(b));
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = above[j] + usize::from(a[i] != b[j]);
            let mut best = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests;
