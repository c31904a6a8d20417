//! Promise: a point that was measured is not measured again by the same command, and any other command measures it.

use super::{Kept, Scope};
use crate::contest::{Contender, Contest, Metric, Part};
use std::path::PathBuf;
use stratal::ErrorKind;

const SCOPE: Scope = Scope { rounds: 2, effort: 0.3 };

fn contest(point: &str, rival: &'static str) -> Contest {
    let contender = |name, part| Contender { name, part, run: Box::new(|| Ok(vec![1.5])) };
    Contest {
        suite: "suite",
        point: point.to_owned(),
        metrics: vec![Metric { name: "", unit: "ns", goal: None }],
        contenders: vec![contender("ours", Part::Ours), contender(rival, Part::Rival)],
    }
}

/// A file that is gone at the end of a test.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("stratal-kept-{name}-{}.json", std::process::id())))
    }

    fn open(&self) -> Kept {
        Kept::open(Some(&self.0)).expect("a file of ours, or none")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn what_was_measured_is_known_to_the_next_run() {
    let file = File::new("known");
    let mut contest = contest("point", "rival");
    let values = contest.measure(2, |_| ()).expect("values");
    assert_eq!(file.open().find(&contest, SCOPE), None);
    file.open().add(&contest, SCOPE, values.clone()).expect("written");
    let kept = file.open();
    assert_eq!(kept.find(&contest, SCOPE), Some(&values));
    assert_eq!(contest.rows(kept.find(&contest, SCOPE).expect("known")).len(), 1);
}

#[test]
fn another_point_scope_or_rival_is_measured_anew() {
    let file = File::new("anew");
    let values = vec![vec![vec![1.0; 2]; 2]];
    file.open().add(&contest("point", "rival"), SCOPE, values.clone()).expect("written");
    let mut kept = file.open();
    assert_eq!(kept.find(&contest("other", "rival"), SCOPE), None);
    assert_eq!(kept.find(&contest("point", "another"), SCOPE), None);
    assert_eq!(kept.find(&contest("point", "rival"), Scope { rounds: 3, ..SCOPE }), None);
    assert_eq!(kept.find(&contest("point", "rival"), Scope { effort: 0.4, ..SCOPE }), None);
    // The latest measurement of a point replaces older ones.
    kept.add(&contest("point", "another"), SCOPE, values).expect("written");
    assert_eq!(file.open().find(&contest("point", "rival"), SCOPE), None);
    assert!(file.open().find(&contest("point", "another"), SCOPE).is_some());
}

#[test]
fn without_a_file_nothing_is_kept() {
    let mut kept = Kept::open(None).expect("no file");
    kept.add(&contest("point", "rival"), SCOPE, Vec::new()).expect("nothing to write");
    assert_eq!(kept.find(&contest("point", "rival"), SCOPE), None);
}

#[test]
fn a_file_of_something_else_is_an_error_and_stays() {
    let file = File::new("else");
    std::fs::write(&file.0, "[1, 2]").expect("a scratch file");
    assert_eq!(Kept::open(Some(&file.0)).expect_err("numbers are no points").kind(), ErrorKind::Format);
    assert_eq!(std::fs::read_to_string(&file.0).expect("still there"), "[1, 2]");
}
