//! Promise: a slip of the finger is answered with the word that was meant.

use super::*;

const KEYS: [&str; 6] = ["eviction", "prefetch_window", "deadline", "io", "queue_depth", "watermarks"];

#[test]
fn slips_find_the_word_that_was_meant() {
    let slips = [
        ("evicton", "eviction"),
        ("Eviction", "eviction"),
        ("deadlien", "deadline"),
        ("prefetch-window", "prefetch_window"),
        ("window", "prefetch_window"),
        ("queue", "queue_depth"),
        ("watermark", "watermarks"),
        ("oi", "io"),
    ];
    for (slip, meant) in slips {
        assert_eq!(nearest(slip, &KEYS), Some(meant), "{slip}");
    }
    assert_eq!(nearest("anything", &[]), None);
}

#[test]
fn distances_count_edits() {
    let distances = [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "", 3),
        ("abc", "abc", 0),
        ("abc", "acb", 1),
        ("kitten", "sitting", 3),
    ];
    for (a, b, edits) in distances {
        assert_eq!(distance(a, b), edits, "{a} {b}");
        assert_eq!(distance(b, a), edits, "{b} {a}");
    }
}

#[test]
fn long_words_cost_no_more_than_their_start() {
    let long = "x".repeat(1 << 20);
    assert_eq!(distance(&long, "x"), LONGEST - 1);
}
