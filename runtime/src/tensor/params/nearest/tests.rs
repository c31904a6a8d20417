//! Promises of hints.

use super::*;

/// Misspellings and other prefixes are found; strangers are not.
#[test]
fn hints_are_near() {
    let names = ["model.layers.0.up.weight", "head.wieght", "norm"];
    assert_eq!(nearest("head.weight", &names), Some("head.wieght"));
    assert_eq!(nearest("layers.0.up.weight", &names), Some("model.layers.0.up.weight"));
    assert_eq!(nearest("transformer.norm", &names), Some("norm"));
    assert_eq!(nearest("embedding", &names), None);
    assert_eq!(nearest("", &names), None);
    assert_eq!(nearest("anything", &[]), None);
}

/// The count of edits is that of the plain recursive definition.
#[test]
fn edits_match_their_definition() {
    fn oracle(a: &[u8], b: &[u8]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([x, a_rest @ ..], [y, b_rest @ ..]) => {
                let replaced = oracle(a_rest, b_rest) + usize::from(x != y);
                replaced.min(oracle(a_rest, b) + 1).min(oracle(a, b_rest) + 1)
            }
        }
    }
    let words = ["", "a", "ab", "ba", "abc", "acb", "xbc", "bcda"];
    for a in words {
        for b in words {
            assert_eq!(edits(a, b), oracle(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
    }
}
