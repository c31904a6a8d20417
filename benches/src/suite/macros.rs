//! Suite `macros`: what a derive costs each `cargo check`, and what finding every tensor of a checkpoint costs each load.

mod derive;
mod resolve;

use super::{Scale, Suite, no_child};
use crate::contest::{Contender, Contest, Part};
use stratal::Result;

pub(crate) const SUITE: Suite = Suite {
    name: "macros",
    about: "the derive against serde's in cargo check; loading 10,000 tensors by name",
    contests,
    child: no_child,
};

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let mut contests = derive::contests(scale)?;
    contests.extend(resolve::contests(scale)?);
    contests.retain(|contest| scale.chosen.point(&contest.point));
    Ok(contests)
}

/// A constant that ours may not exceed.
fn goal(name: &'static str, value: f64) -> Contender {
    Contender { name, part: Part::Goal, run: Box::new(move || Ok(vec![value])) }
}
