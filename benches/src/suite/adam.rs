//! Suite `adam`: an optimiser whose states do not fit, against what the disk can do and a hand-written pipeline.
//!
//! Master parameters and both moments live in the engine, six times its budget; gradients are made per group, in the
//! engine too, and count. A run ends by comparing every parameter bit for bit with Adam in memory. The limit is the
//! roofline: the larger of the arithmetic and the fewest bytes at the rate of mixed reads and writes of the same
//! minute. The rival reads, steps and writes group by group in a pipeline of threads, as offloading optimisers do.

use super::disk::{self, GIB, MIB, Probe, Shared};
use super::{Scale, Suite};
use crate::child;
use crate::contest::{Contender, Contest, Metric, Part};
use std::path::Path;
use stratal::tiering::io::limit::Mix;
use stratal::{Error, ErrorKind, Result};

mod managed;
mod pipeline;
mod step;

pub(crate) const SUITE: Suite = Suite {
    name: "adam",
    about: "Adam with its states on disk, against the roofline and a hand-written pipeline",
    contests,
    child,
};

/// Parameters and budget at effort 1.
const PARAMETERS: f64 = 250e6;
const BUDGET_BYTES: f64 = 512.0 * MIB as f64;

/// Parameters of a group.
const GROUP: usize = 1 << 20;
/// Bytes of its master parameters and two moments.
const GROUP_BYTES: usize = 3 * 4 * GROUP;

/// Steps before the counted ones, and those.
const WARM_UP: usize = 2;
const COUNTED: usize = 3;

/// Largest time by roofline.
const GOAL: f64 = 1.05;

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let groups = ((PARAMETERS * scale.effort.min(1.0)) as usize / GROUP).max(8);
    let share = (groups * GROUP) as f64 / PARAMETERS;
    let budget = (BUDGET_BYTES * share) as u64 / (2 * MIB) * 2 * MIB;
    let folder = disk::folder()?;
    let task = |who: &str| -> Result<std::process::Command> {
        let mut command = child::this(&["adam", who])?;
        command.arg(&folder).arg(groups.to_string()).arg(budget.to_string());
        Ok(command)
    };
    let (mut managed, mut pipeline) = (task("managed")?, task("pipeline")?);
    let mut probe =
        Probe::over(&folder, Mix::Both, if scale.quick { 256 * MIB } else { 1 << 30 }, scale.quick)?;
    // Read and written once each per step, but for what stays.
    let least = 2.0 * ((groups * GROUP_BYTES) as f64 - budget as f64);
    let [ours, limit, promised] = Shared::runners(move || {
        let (found, rate) = disk::between(|| probe.rate(), |_| child::measure(&mut managed))?;
        let [wall, moved, compute] = found[..] else {
            return Err(Error::new(ErrorKind::Format, "a child of suite adam says three numbers"));
        };
        let roofline = compute.max(least / rate);
        Ok([vec![wall, moved], vec![roofline, least / GIB], vec![GOAL * roofline, GOAL * least / GIB]])
    });
    let contenders = vec![
        Contender { name: "stratal", part: Part::Ours, run: ours },
        Contender { name: "roofline", part: Part::Limit, run: limit },
        Contender { name: "1.05 x roofline", part: Part::Goal, run: promised },
        Contender {
            name: "pipeline",
            part: Part::Rival,
            run: Box::new(move || child::measure(&mut pipeline)),
        },
    ];
    let metrics = vec![
        Metric { name: "", unit: "s/step", goal: Some(1.0 / 1.25) },
        Metric { name: "moved", unit: "GiB/step", goal: Some(1.0) },
    ];
    let point = format!("{:.1} M parameters/{} MiB budget", (groups * GROUP) as f64 / 1e6, budget / MIB);
    Ok(vec![Contest { suite: "adam", point, metrics, contenders }])
}

fn child(arguments: &[String]) -> Result<Vec<f64>> {
    let unknown =
        || Error::new(ErrorKind::Missing, "a task of suite adam names who, folder, groups and budget");
    let [who, folder, groups, budget] = arguments else { return Err(unknown()) };
    let (groups, budget) = (groups.parse().map_err(|_| unknown())?, budget.parse().map_err(|_| unknown())?);
    match who.as_str() {
        "managed" => managed::run(Path::new(folder), groups, budget),
        "pipeline" => pipeline::run(Path::new(folder), groups, budget),
        _ => Err(unknown()),
    }
}
