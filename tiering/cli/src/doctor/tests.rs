//! What the doctor suggests can be used as it stands.

use super::suggest;
use std::path::Path;
use stratal::Policy;

/// Promise: the suggested policy is one that the parser accepts, and it means the same.
#[test]
fn the_suggested_policy_is_accepted() {
    for bytes_per_s in [0.0, 1.5e9, 1e11] {
        let policy = suggest(Path::new("/var/tmp"), bytes_per_s).unwrap();
        assert_eq!(Policy::parse(&policy.to_string(), "the doctor's").unwrap(), policy);
        assert_eq!(policy.spill_directory(), Path::new("/var/tmp"));
    }
}
