//! Promises of the sorted names.

use super::*;

/// Whatever words names differ in, they are sorted as text is, each once, and it is known where the source has them.
#[test]
fn names_are_sorted_and_placed() {
    let long = [
        "m.layers.10.up",
        "m.layers.2.up",
        "m.layers.2.bias",
        "m.layers.2",
        "m.layers.2.up.\0",
        "m.layers.\0",
    ];
    let plain = ["b", "", "a", "ab", "a\0", "b", "é", "aaaaaaaab", "aaaaaaaa"];
    for names in [&long[..], &plain[..]] {
        let catalogue = Catalogue::new(names.to_vec());
        let mut sorted = names.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(catalogue.names(), sorted);
        for (position, name) in sorted.iter().enumerate() {
            let first = names.iter().position(|other| other == name);
            assert_eq!(first, Some(catalogue.place(position)), "{name}");
        }
    }
}

/// A path is present if a tensor has it, or lies below it; a shared beginning is not enough.
#[test]
fn presence_is_by_whole_segments() {
    let catalogue = Catalogue::new(vec!["a.b", "ab", "c", "a-z"]);
    let present = ["", "a", "a.b", "a.b.c", "ab", "b", "c", "a-"];
    let found = present.map(|path| catalogue.has(path));
    assert_eq!(found, [true, true, true, false, true, false, true, false]);
    assert!(!Catalogue::new(Vec::new()).has(""));
}

/// Numbers are read as `usize` writes them, once each, in their own order and not in that of text.
#[test]
fn indexes_are_numbers() {
    let names =
        ["l.10.a", "l.2.a", "l.2.b", "l.0", "l.01.a", "l.+3.a", "l.x", "l.99999999999999999999.a", "ll.7.a"];
    let catalogue = Catalogue::new(names.to_vec());
    assert_eq!(catalogue.indexes("l.", ""), [0, 2, 10]);
    assert_eq!(catalogue.indexes("ll.", ""), [7]);
    assert!(catalogue.indexes("m.", "").is_empty() && catalogue.indexes("", "").is_empty());
    assert_eq!(Catalogue::new(vec!["0.w", "1.w"]).indexes("", ""), [0, 1]);
}

/// What stands around the number must be there whole.
#[test]
fn patterns_are_whole() {
    let names = ["h0.mlp.w", "h1.mlp.w", "h2.attention.w", "h3.mlp", "h4.mlps", "g.h5.mlp"];
    assert_eq!(Catalogue::new(names.to_vec()).indexes("h", ".mlp"), [0, 1, 3]);
}

/// Keys are the parts behind a path, in order.
#[test]
fn keys_are_parts() {
    let catalogue = Catalogue::new(vec!["e.b.w", "e.a.w", "e.a.v", "e", "f.c"]);
    assert_eq!(catalogue.keys("e"), ["a", "b"]);
    assert_eq!(catalogue.keys(""), ["e", "f"]);
}

/// Wherever the last search ended, the next one finds what there is.
#[test]
fn searches_in_any_order_find_the_same() {
    let names: Vec<String> = (0..40).map(|i| format!("l.{i}.w")).collect();
    let catalogue = Catalogue::new(names.iter().map(String::as_str).collect());
    let sorted = catalogue.names().to_vec();
    for first in 0..sorted.len() {
        for (second, name) in sorted.iter().enumerate() {
            assert_eq!(catalogue.position(sorted[first]), Some(first));
            assert_eq!(catalogue.position(name), Some(second));
            assert_eq!(catalogue.position("l.4"), None);
            assert!(catalogue.has("l.39") && !catalogue.has("m"));
        }
    }
}
