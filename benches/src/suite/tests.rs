//! Promise: a user who names points gets those, and all of them.

use super::Chosen;

fn chosen(points: &[&str]) -> Chosen {
    Chosen { points: points.iter().map(|point| (*point).to_owned()).collect(), ..Chosen::default() }
}

#[test]
fn nothing_named_means_everything() {
    assert!(Chosen::default().point("fast64/2") && Chosen::default().rival("talc"));
}

#[test]
fn a_name_covers_every_number_of_threads() {
    let chosen = chosen(&["fast64"]);
    assert!(chosen.point("fast64") && chosen.point("fast64/2"));
    assert!(!chosen.point("fast64a") && !chosen.point("fast6"));
}

#[test]
fn one_number_of_threads_can_be_named() {
    assert!(!chosen(&["fast64/2"]).point("fast64"));
}

#[test]
fn a_star_stands_for_any_ending() {
    let chosen = chosen(&["tensor*", "med"]);
    assert!(["tensor", "tensorSP/2", "med"].iter().all(|point| chosen.point(point)));
    assert!(!chosen.point("zeroed"));
}
