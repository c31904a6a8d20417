//! Figures with a bound of their own: what a program and its waste may weigh, how work scales, what a pair costs.
//!
//! Each is measured for every contender, and ours is held against a constant that takes part under the name `goal`.

use super::{Program, instructions, workload};
use crate::child;
use crate::contest::{Contender, Contest, Metric, Part, Runner};
use crate::suite::Scale;
use std::cell::RefCell;
use std::process::{Child, Stdio};
use std::rc::Rc;
use stratal::{Error, ErrorKind, Result};

/// Name of the constant.
pub(super) const GOAL: &str = "goal";

/// Places in a child's numbers: peak MiB, wall nanoseconds per operation, the point's further figure.
const PEAK: usize = 1;
const WALL: usize = 2;
const FURTHER: usize = 3;

/// One figure.
struct Figure {
    point: &'static str,
    unit: &'static str,
    goal: f64,
    /// Whether it is the same in every run, so that one is enough.
    steady: bool,
    /// Whether a contender can be measured; says so where not.
    can: fn(&Program) -> bool,
    /// Measures a contender.
    measure: fn(&Program, Scale) -> Result<f64>,
}

const FIGURES: &[Figure] = &[
    Figure {
        point: "empty",
        unit: "MiB peak",
        goal: 3.8,
        steady: false,
        can: always,
        measure: |p, s| one(p, "empty", 1, s, PEAK),
    },
    Figure {
        point: "frag.live",
        unit: "peak RSS / live",
        goal: 2.0,
        steady: false,
        can: always,
        measure: |program, scale| one(program, "frag", 1, scale, FURTHER),
    },
    Figure {
        point: "scaling.disjoint",
        unit: "wall/op at 2 threads / at 1",
        goal: 1.0 / 1.9,
        steady: false,
        can: always,
        measure: |program, scale| scaling(program, "churn", scale),
    },
    Figure {
        point: "scaling.handoff",
        unit: "wall/op at 2 threads / at 1",
        goal: 1.0 / 1.6,
        steady: false,
        can: always,
        measure: |program, scale| scaling(program, "pc", scale),
    },
    Figure {
        point: "instructions.64",
        unit: "per malloc + free",
        goal: 37.0,
        steady: true,
        can: instructions::countable,
        measure: |program, _| instructions::count(&program.2, instructions::SMALL),
    },
    Figure {
        point: "instructions.4096",
        unit: "per malloc + free",
        goal: 45.0,
        steady: true,
        can: instructions::countable,
        measure: |program, _| instructions::count(&program.2, instructions::PAGE),
    },
];

fn always(_: &Program) -> bool {
    true
}

fn one(program: &Program, point: &str, threads: usize, scale: Scale, at: usize) -> Result<f64> {
    let numbers = child::measure(&mut workload(program, point, threads, scale))?;
    let short = || Error::new(ErrorKind::Format, "the workload measured too little").with("point", point);
    numbers.get(at).copied().ok_or_else(short)
}

/// Wall time of an operation with two threads by that with one: a half where work scales perfectly.
fn scaling(program: &Program, point: &str, scale: Scale) -> Result<f64> {
    Ok(one(program, point, 2, scale, WALL)? / one(program, point, 1, scale, WALL)?)
}

/// Every figure that was asked for, as contests.
pub(super) fn contests(programs: &[Program], scale: Scale) -> Vec<Contest> {
    let figures = FIGURES.iter().filter(|figure| scale.chosen.point(figure.point));
    let mut contests: Vec<Contest> = figures.filter_map(|figure| contest(figure, programs, scale)).collect();
    contests.extend(scale.chosen.point(IDLE).then(|| idle(programs, scale)));
    contests
}

fn contest(figure: &'static Figure, programs: &[Program], scale: Scale) -> Option<Contest> {
    let able: Vec<&Program> = programs.iter().filter(|program| (figure.can)(program)).collect();
    let measured = able.iter().map(|program| {
        let (owned, mut known) = ((*program).clone(), None);
        let run: Runner = Box::new(move || {
            let value = known.map_or_else(|| (figure.measure)(&owned, scale), Ok)?;
            known = figure.steady.then_some(value);
            Ok(vec![value])
        });
        Contender { name: program.0, part: program.1, run }
    });
    let metrics = vec![Metric { name: "", unit: figure.unit, goal: None }];
    let contenders = measured.chain([constant(vec![figure.goal])]).collect();
    let ours = able.iter().any(|program| program.1 == Part::Ours);
    ours.then(|| Contest { suite: "alloc", point: figure.point.to_owned(), metrics, contenders })
}

fn constant(values: Vec<f64>) -> Contender {
    Contender { name: GOAL, part: Part::Goal, run: Box::new(move || Ok(values.clone())) }
}

/// What is held 10 s after a peak, by a program that sleeps and by one that does a little.
const IDLE: &str = "idle";
const IDLE_POINTS: [&str; 2] = ["asleep", "awake"];
/// State and 15 %.
const IDLE_GOAL: f64 = 1.15;

/// Children of the contenders that wait at the same time: waiting needs no processor.
type Waiting = Rc<RefCell<Vec<(&'static str, [Child; 2])>>>;

fn idle(programs: &[Program], scale: Scale) -> Contest {
    let waiting = Waiting::default();
    let all: Rc<[Program]> = programs.into();
    let contender = |&(name, part, _): &Program| {
        let (waiting, all) = (Rc::clone(&waiting), Rc::clone(&all));
        let run = Box::new(move || held(name, &all, &waiting, scale));
        Contender { name, part, run }
    };
    let unit = "RSS 10 s after a peak / live";
    let metrics = IDLE_POINTS.iter().map(|point| Metric { name: point, unit, goal: None }).collect();
    let contenders = programs.iter().map(contender).chain([constant(vec![IDLE_GOAL; 2])]).collect();
    Contest { suite: "alloc", point: IDLE.to_owned(), metrics, contenders }
}

/// What the contender holds; whoever is first in a round starts everybody's children.
fn held(name: &str, all: &[Program], waiting: &Waiting, scale: Scale) -> Result<Vec<f64>> {
    let mut waiting = waiting.borrow_mut();
    if waiting.is_empty() {
        for program in all {
            let start = |point| workload(program, point, 1, scale).stdout(Stdio::piped()).spawn();
            waiting.push((program.0, [start(IDLE_POINTS[0])?, start(IDLE_POINTS[1])?]));
        }
    }
    let missing = || Error::new(ErrorKind::Missing, "no child waits for it").with("contender", name);
    let mine = waiting.iter().position(|(waiter, _)| *waiter == name).ok_or_else(missing)?;
    let (_, children) = waiting.swap_remove(mine);
    let mut held = Vec::new();
    for child in children {
        let printed = child.wait_with_output()?.stdout;
        held.extend(child::numbers(&String::from_utf8_lossy(&printed))?.get(FURTHER));
    }
    Ok(held)
}
