//! What the doctor suggests can be used as it stands.

use super::suggest;
use std::path::Path;
use stratal::Policy;

/// Promise: the suggested policy is one that the parser accepts, and it means the same.
#[test]
fn the_suggested_policy_is_accepted() {
    let policy = suggest(Path::new("/var/tmp")).unwrap();
    assert_eq!(Policy::parse(&policy.to_string(), "the doctor's").unwrap(), policy);
    assert_eq!(policy.spill_directory(), Path::new("/var/tmp"));
}
