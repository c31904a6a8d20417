//! Promise: what is written for machines can be read by them, and columns line up for people.

use super::{Row, aligned, csv};

fn row(point: &str) -> Row {
    Row::of("suite", point.to_owned(), "ns", "rival", vec![[1.0, 2.0]; 6], Some(0.5)).expect("six rounds")
}

#[test]
fn csv_has_a_line_per_row_and_quotes_what_needs_it() {
    let text = csv(&[row("plain"), row("churn, \"medium\"")]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "suite,plain,1,rival,2,0.5,0.5,0.5,6,0.5,true,ns,");
    assert!(lines[2].starts_with("suite,\"churn, \"\"medium\"\"\",1,"));
    assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());
}

#[test]
fn csv_names_the_keys_of_the_json() {
    let json = serde_json::to_value(row("point")).expect("a row is JSON");
    let text = csv(&[]);
    let keys: Vec<&str> = text.trim_end().split(',').collect();
    assert_eq!(keys.len(), json.as_object().expect("an object").len());
    assert!(keys.iter().all(|key| json.get(key).is_some()), "{keys:?}");
}

#[test]
fn columns_line_up_and_headings_do_not_widen_them() {
    let line = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let text = aligned(&[line(&["a long heading"]), line(&["a", "b"]), line(&["ccc", "d"])]);
    assert_eq!(text, "a long heading\na    b\nccc  d\n");
}
