//! Promise: names change as those of `serde`'s `rename_all` do.

use super::*;

#[test]
fn fields_are_renamed() {
    let renamed = CASES.map(|(_, case)| case.apply("attn_q_proj"));
    let expected = [
        "attn_q_proj",
        "attnQProj",
        "AttnQProj",
        "attn-q-proj",
        "ATTN_Q_PROJ",
        "ATTN-Q-PROJ",
        "attn_q_proj",
        "ATTN_Q_PROJ",
    ];
    assert_eq!(renamed, expected);
    assert!(CASES.iter().all(|(_, case)| case.apply("").is_empty()));
}

#[test]
fn cases_are_found_by_name() {
    assert_eq!(Case::of("kebab-case"), Some(Case::Kebab));
    assert_eq!(Case::of("kebab_case"), None);
}
