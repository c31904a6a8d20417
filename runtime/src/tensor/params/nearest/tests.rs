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
