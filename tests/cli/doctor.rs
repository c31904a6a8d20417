//! `stratal doctor`: what this machine offers, and a policy that can be used as it stands.

use super::{json, number, stratal};
use stratal::Policy;

/// Promise: every finding is there, what is missing says why, and the suggested policy parses.
#[test]
fn examines_everything() {
    let folder = tempfile::tempdir().unwrap();
    let report = json(&["doctor", "--dir", folder.path().to_str().unwrap(), "--json"]);
    for (finding, key) in [("io_uring", "usable"), ("direct_io", "usable"), ("cuda", "driver")] {
        let usable = report[finding][key].as_bool().unwrap_or_else(|| panic!("{finding}: {report}"));
        assert_eq!(report[finding]["why_not"].is_null(), usable, "{finding}: {report}");
    }
    assert!(report["huge_pages"]["mode"].is_string());
    assert!(number(&report["direct_io"], "offset_alignment_bytes") >= 1.0);
    assert!(number(&report["memory"], "limit_bytes") > 0.0);
    assert!(number(&report, "memory_bytes_per_s") > 0.0);
    assert!(number(&report, "disk_bytes_per_s") > 0.0);
    let policy = Policy::parse(report["policy"].as_str().unwrap(), "the doctor's").unwrap();
    assert!(policy.dram_budget_bytes() > 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the scratch file is gone");
}

/// Promise: a directory that cannot be written is named.
#[test]
fn names_a_directory_it_cannot_use() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let ran = stratal(&["doctor", "--dir", file.to_str().unwrap(), "--json"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.is_empty() && ran.err.contains(file.to_str().unwrap()), "{}", ran.err);
}
