//! Promise: in debug builds, a scope names the line that took memory from the global allocator and did not give it
//! back, across threads and resizes; elsewhere it costs nothing.

use stratal::{LeakDetector, LeakReport};

/// Bytes that were taken in this file; where places are not noted, all of them.
fn ours(report: &LeakReport) -> usize {
    let ours = |place: &str| place.contains("leaks.rs") || !cfg!(feature = "leak-places");
    report.leaks().iter().filter(|leak| ours(&leak.place)).map(|leak| leak.bytes).sum()
}

/// What is expected where leaks are noted at all.
fn noted(bytes: usize) -> usize {
    if LeakDetector::IS_ACTIVE { bytes } else { 0 }
}

#[test]
fn a_scope_names_what_it_left_behind() {
    let moved: Vec<u8> = vec![1; 5000];
    let scope = LeakDetector::scope();
    let gone = String::from("freed before the end");
    drop(gone);
    let line = line!() + 1;
    let mut kept = Vec::<u64>::with_capacity(100);
    kept.push(1);
    kept.reserve_exact(4000);
    drop(moved);
    let report = scope.finish();
    assert_eq!(ours(&report), noted(4001 * 8), "{report}");
    if LeakDetector::IS_ACTIVE && cfg!(feature = "leak-places") {
        let places = [line, line + 2].map(|line| format!("leaks.rs:{line}:"));
        let said = report.to_string();
        assert!(places.iter().any(|place| said.contains(place.as_str())), "{said}");
    }
    drop(kept);
}

#[test]
fn scopes_nest_and_see_their_own_thread_only() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let (go, wait) = std::sync::mpsc::channel::<Vec<u8>>();
    let other = std::thread::spawn(move || {
        let freed_elsewhere = wait.recv().unwrap();
        sender.send(vec![0_u8; 7777]).unwrap();
        drop(freed_elsewhere);
    });
    let outer = LeakDetector::scope();
    let first = vec![0_u8; 3000];
    let sent = vec![0_u8; 20_000];
    let inner = LeakDetector::scope();
    let third = vec![0_u8; 5000];
    go.send(sent).unwrap();
    let second = receiver.recv().unwrap();
    other.join().unwrap();
    let report = inner.finish();
    assert!(
        (noted(5000)..noted(5000) + 2000).contains(&ours(&report)) || !LeakDetector::IS_ACTIVE,
        "{report}"
    );
    drop(third);
    let report = outer.finish();
    assert!(
        (noted(3000)..noted(3000) + 2000).contains(&ours(&report)) || !LeakDetector::IS_ACTIVE,
        "{report}"
    );
    drop((first, second));
}
