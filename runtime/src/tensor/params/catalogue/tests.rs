//! Promises of the sorted names.

use super::*;

fn with_catalogue<R>(names: &[&str], ask: impl FnOnce(&Catalogue<'_>) -> R) -> R {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    ask(&Catalogue::new(&names))
}

/// A path is present if a tensor has it, or lies below it; a shared beginning is not enough.
#[test]
fn presence_is_by_whole_segments() {
    with_catalogue(&["a.b", "ab", "c", "a-z"], |catalogue| {
        let present: Vec<&str> = ["", "a", "a.b", "a.b.c", "ab", "b", "c", "a-"].into_iter().collect();
        let found: Vec<bool> = present.iter().map(|path| catalogue.has(path)).collect();
        assert_eq!(found, [true, true, true, false, true, false, true, false]);
    });
}

/// Numbers are read as `usize` writes them, once each, in their own order and not in that of text.
#[test]
fn indexes_are_numbers() {
    let names =
        ["l.10.a", "l.2.a", "l.2.b", "l.0", "l.01.a", "l.+3.a", "l.x", "l.99999999999999999999.a", "ll.7.a"];
    with_catalogue(&names, |catalogue| {
        assert_eq!(catalogue.indexes("l"), [0, 2, 10]);
        assert_eq!(catalogue.indexes("ll"), [7]);
        assert!(catalogue.indexes("m").is_empty() && catalogue.indexes("").is_empty());
    });
    with_catalogue(&["0.w", "1.w"], |catalogue| assert_eq!(catalogue.indexes(""), [0, 1]));
}
