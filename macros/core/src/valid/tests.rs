//! Promises of hints and lists; the messages themselves are shown by `tests/ui`.

use super::*;

/// A misspelt option leads to the one that was meant, a strange one to none.
#[test]
fn hints_are_near() {
    let options = ["rename", "name", "skip"];
    assert_eq!(nearest("renam", &options), Some("rename"));
    assert_eq!(nearest("skp", &options), Some("skip"));
    assert_eq!(nearest("nmae", &options), Some("name"));
    assert_eq!(nearest("shard", &options), None);
    assert_eq!(nearest("", &options), None);
}

/// Words are listed as in a sentence.
#[test]
fn lists_read_like_sentences() {
    assert_eq!(list(&["a"]), "`a`");
    assert_eq!(list(&["a", "b"]), "`a` and `b`");
    assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    assert_eq!(list(&[""; 0]), "");
}

/// The axes that the macro lets through are those that runtime has tuples for.
#[test]
fn the_highest_rank_is_accepted() {
    let shape =
        |rank: usize| crate::shape(format!("[p] {}", "_, ".repeat(rank)).parse().unwrap()).to_string();
    assert!(!shape(MAX_RANK).contains("compile_error"));
    assert!(shape(MAX_RANK + 1).contains("compile_error"));
}
