//! Promise: contenders are interleaved ABBA, and rows carry the figures of their own contender.

use super::{Contender, Contest, Metric, Part};
use std::cell::RefCell;
use std::rc::Rc;

fn contest(log: &Rc<RefCell<String>>) -> Contest {
    let contender = |name: &'static str, part, value: f64| {
        let log = Rc::clone(log);
        let run = Box::new(move || {
            log.borrow_mut().push_str(name);
            Ok(vec![value, 2.0 * value])
        });
        Contender { name, part, run }
    };
    Contest {
        suite: "suite",
        point: "point".to_owned(),
        metrics: vec![
            Metric { name: "", unit: "ns", goal: Some(1.0) },
            Metric { name: "rss", unit: "MiB", goal: None },
        ],
        contenders: vec![
            contender("A", Part::Ours, 3.0),
            contender("B", Part::Rival, 6.0),
            contender("L", Part::Limit, 2.0),
        ],
    }
}

#[test]
fn rounds_alternate_direction() {
    let log = Rc::new(RefCell::new(String::new()));
    let mut ticks = 0;
    contest(&log).measure(3, |_| ticks += 1).expect("values");
    assert_eq!(log.borrow().as_str(), "ABLLBAABL");
    assert_eq!(ticks, 9);
}

#[test]
fn rows_compare_ours_with_each_rival() {
    let mut contest = contest(&Rc::default());
    let values = contest.measure(7, |_| ()).expect("values");
    let rows = contest.rows(&values);
    let [time, memory] = rows.as_slice() else { panic!("two rows, got {}", rows.len()) };
    assert_eq!(
        (time.point.as_str(), time.ours, time.rival.as_str(), time.rival_value),
        ("point", 3.0, "B", 6.0)
    );
    assert_eq!((time.ratio, time.runs, time.holds, time.limit), (0.5, 7, Some(true), Some(2.0)));
    assert_eq!((memory.point.as_str(), memory.goal, memory.holds), ("point.rss", None, None));
}

#[test]
fn a_run_that_measures_too_little_is_an_error() {
    let mut contest = contest(&Rc::default());
    contest.contenders[1].run = Box::new(|| Ok(vec![1.0]));
    let error = contest.measure(1, |_| ()).expect_err("one value for two metrics");
    assert_eq!(error.fact("contender"), Some("B"));
}
