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
