//! How far one word is from another: the one distance behind every "did you mean" of the workspace.
//!
//! (`stratal-macros-core` has its own: it may depend on nothing here, since this crate's users depend on it.)

/// Longer words are compared by their first characters: nobody misspells more.
const LONGEST: usize = 256;

/// Fewest insertions, removals, replacements and swaps of neighbours that turn `a` into `b`, ignoring case (optimal
/// string alignment).
///
/// ```
/// use stratal_runtime::nearest::distance;
/// assert_eq!((distance("wieght", "weight"), distance("Weight", "weight")), (1, 0));
/// ```
#[must_use]
pub fn distance(a: &str, b: &str) -> usize {
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
