//! Suite `alloc`: CPU time and peak memory of allocation patterns under each allocator, one process per run.
//!
//! The contenders are one program each, alike but for the global allocator (`benches/rivals`). Points are named as in
//! the workload, with `/2` where two threads work at once.

use super::{Scale, Suite, no_child};
use crate::child;
use crate::contest::{Contender, Contest, Metric, Part};
use points::{GROUPS, Group};
use std::path::PathBuf;
use std::process::Command;
use stratal::Result;

mod figures;
mod instructions;
mod plot;
mod points;
mod report;
mod summary;

pub(crate) use plot::plot;
pub(crate) use report::report;
pub(crate) use summary::summary;

pub(crate) const SUITE: Suite = Suite {
    name: "alloc",
    about: "the allocator against mimalloc, jemalloc, snmalloc, rpmalloc, talc and glibc",
    contests,
    child: no_child,
};

const OURS: &str = "stratal";
const RIVALS: [&str; 7] = ["mimalloc3", "mimalloc2", "jemalloc", "snmalloc", "rpmalloc", "talc", "glibc"];

/// A contender's name, its part and its program.
type Program = (&'static str, Part, PathBuf);

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let mut programs = vec![(OURS, Part::Ours, child::rival(OURS, true)?)];
    for name in RIVALS.into_iter().filter(|name| scale.chosen.rival(name)) {
        eprintln!("building {name}, where it is not built yet");
        programs.push((name, Part::Rival, child::rival(name, true)?));
    }
    let points = GROUPS.iter().flat_map(Group::points);
    let points = points.filter(|(_, _, name)| scale.chosen.point(name));
    let mut contests: Vec<Contest> =
        points.map(|(point, threads, name)| contest(point, threads, name, &programs, scale)).collect();
    contests.extend(figures::contests(&programs, scale));
    Ok(contests)
}

fn contest(point: &'static str, threads: usize, name: String, programs: &[Program], scale: Scale) -> Contest {
    let metrics = vec![
        Metric { name: "", unit: "ns CPU/op", goal: None },
        Metric { name: "rss", unit: "MiB peak", goal: None },
    ];
    let contender = |program: &Program| {
        let mut command = workload(program, point, threads, scale);
        let run = Box::new(move || {
            let mut figures = child::measure(&mut command)?;
            figures.truncate(2);
            Ok(figures)
        });
        Contender { name: program.0, part: program.1, run }
    };
    let contenders = programs.iter().map(contender).collect();
    Contest { suite: "alloc", point: name, metrics, contenders }
}

/// The contender's program at a point.
fn workload(program: &Program, point: &str, threads: usize, scale: Scale) -> Command {
    let mut command = Command::new(&program.2);
    command.args([point, &threads.to_string(), &scale.effort.to_string()]);
    command
}
