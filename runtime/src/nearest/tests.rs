//! Promises of the distance: it is its plain definition, symmetric, and bounded in time.

use super::*;

#[test]
fn distances_count_edits() {
    let distances = [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "abc", 0),
        ("abc", "ABC", 0),
        ("abc", "acb", 1),
        ("wieght", "weight", 1),
        ("kitten", "sitting", 3),
    ];
    for (a, b, edits) in distances {
        assert_eq!((distance(a, b), distance(b, a)), (edits, edits), "{a} {b}");
    }
}

#[test]
fn distances_match_their_definition() {
    fn oracle(a: &[u8], b: &[u8]) -> usize {
        let ([.., x], [.., y]) = (a, b) else { return a.len().max(b.len()) };
        let (a_head, b_head) = (&a[..a.len() - 1], &b[..b.len() - 1]);
        let mut best = oracle(a_head, b_head) + usize::from(x != y);
        best = best.min(oracle(a_head, b) + 1).min(oracle(a, b_head) + 1);
        if let ([.., x2, x1], [.., y2, y1]) = (a, b)
            && (x2, x1) == (y1, y2)
        {
            best = best.min(oracle(&a[..a.len() - 2], &b[..b.len() - 2]) + 1);
        }
        best
    }
    let words = ["", "a", "ab", "ba", "abc", "acb", "xbc", "bcda", "ca"];
    for a in words {
        for b in words {
            assert_eq!(distance(a, b), oracle(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
    }
}

#[test]
fn long_words_cost_no_more_than_their_start() {
    let long = "x".repeat(1 << 20);
    assert_eq!(distance(&long, "x"), LONGEST - 1);
}
