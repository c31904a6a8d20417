//! Suite `alloc`: CPU time and peak memory of allocation patterns under each allocator, one process per run.

use super::{Scale, Suite, no_child};
use crate::child;
use crate::contest::{Contender, Contest, Metric, Part};
use std::path::PathBuf;
use std::process::Command;
use stratal::Result;

pub(crate) const SUITE: Suite = Suite {
    name: "alloc",
    about: "the allocator against System, mimalloc and jemalloc",
    contests,
    child: no_child,
};

/// Points of `workload/alloc.rs`; the first does nothing and shows the size of a program.
const POINTS: [&str; 5] = ["empty", "fast64", "churn", "med", "cross"];
const RIVALS: [&str; 3] = ["system", "mimalloc", "jemalloc"];

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let mut programs = vec![("stratal", Part::Ours, child::own("stratal-bench", "stratal-workload")?)];
    for name in RIVALS {
        programs.push((name, Part::Rival, child::rival(name)?));
    }
    Ok(POINTS.iter().map(|point| contest(point, &programs, scale)).collect())
}

fn contest(point: &'static str, programs: &[(&'static str, Part, PathBuf)], scale: Scale) -> Contest {
    let size = if scale.quick { "quick" } else { "full" };
    let mut metrics = vec![
        Metric { name: "", unit: "ns CPU/op", goal: Some(1.0) },
        Metric { name: "rss", unit: "MiB peak", goal: Some(1.0) },
    ];
    // A program that does nothing has a size, but no operations.
    let skipped = usize::from(point == POINTS[0]);
    metrics.drain(..skipped);
    let contender = |(name, part, program): &(&'static str, Part, PathBuf)| {
        let mut command = Command::new(program);
        command.args([point, size]);
        let run = Box::new(move || Ok(child::measure(&mut command)?.split_off(skipped)));
        Contender { name, part: *part, run }
    };
    let contenders = programs.iter().map(contender).collect();
    Contest { suite: "alloc", point: point.to_owned(), metrics, contenders }
}
