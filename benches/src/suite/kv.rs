//! Suite `kv`: how often each eviction policy hits on public traces, beside the best of the known ones and MIN.
//!
//! The traces are not part of this repository: `--traces DIR` says where they are. Without them two generators stand
//! in, a Zipf popularity and a loop, and every public trace is named as skipped. Policies here decide, they move no
//! bytes; sizes are those of the trace, a memory is a part of its distinct bytes.

use super::{Scale, Suite, no_child};
use crate::contest::{Contender, Contest, Metric, Part};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use stratal::Result;

mod replay;
mod trace;

use replay::{MIN, RIVALS, Replay};
use trace::Requests;

pub(crate) const SUITE: Suite = Suite {
    name: "kv",
    about: "hits of the eviction policies on KV-cache and block traces, beside MIN; cost of a decision",
    contests,
    child: no_child,
};

/// Memories, as a percentage of a trace's distinct bytes.
const PERCENTS: [u32; 4] = [2, 5, 10, 20];

/// Hits per hundred requests that the adaptive policy may lack of the best of its rivals.
const POINTS_BELOW: f64 = 0.5;

/// Of MIN's hits, what next-use hints must bring.
const HINTED_PART: f64 = 0.98;

/// Most nanoseconds that a decision may take.
const DECISION_NS: f64 = 200.0;

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let mut contests = Vec::new();
    for requests in trace::all(&directory(scale), scale.quick)? {
        let requests = Rc::new(requests);
        for percent in PERCENTS {
            contests.extend(points(&requests, percent));
        }
        contests.push(decision(&requests));
    }
    Ok(contests)
}

/// Where the traces are: the folder asked for, else the one beside the repository.
fn directory(scale: Scale) -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/traces");
    scale.chosen.traces.clone().unwrap_or_else(beside)
}

/// What one trace shows in a memory of one size.
fn points(requests: &Rc<Requests>, percent: u32) -> [Contest; 3] {
    let name = format!("{}/{percent}%", requests.name);
    let missed = |policy: &'static str, part: Part| {
        let requests = Rc::clone(requests);
        contender(policy, part, move || 100.0 - Replay::new(&requests, percent).hits(policy))
    };
    let mut policies = vec![missed("adaptive", Part::Ours)];
    policies.extend(RIVALS.map(|policy| missed(policy, Part::Rival)));
    policies.push(missed(MIN, Part::Limit));
    let allowed = Rc::clone(requests);
    let allowed = contender("best and half a point", Part::Rival, move || {
        let replay = Replay::new(&allowed, percent);
        let best = RIVALS.map(|policy| replay.hits(policy)).into_iter().fold(0.0, f64::max);
        100.0 - best + POINTS_BELOW
    });
    let ours = Rc::clone(requests);
    let hinted = contender("next-use hints", Part::Ours, move || {
        let replay = Replay::new(&ours, percent);
        replay.hits(MIN) / replay.hits("min").max(f64::MIN_POSITIVE)
    });
    [
        contest(format!("misses {name}"), "% of requests", None, policies),
        contest(
            format!("misses beside the best {name}"),
            "% of requests",
            Some(1.0),
            vec![missed("adaptive", Part::Ours), allowed],
        ),
        contest(
            format!("hinted {name}"),
            "MIN's hits / ours",
            Some(1.0),
            vec![hinted, promise("allowed", 1.0 / HINTED_PART)],
        ),
    ]
}

/// What a request costs the policy: hit or miss, victim and insertion.
fn decision(requests: &Rc<Requests>) -> Contest {
    let timed = |policy: &'static str, part: Part| {
        let requests = Rc::clone(requests);
        contender(policy, part, move || Replay::new(&requests, 10).ns_per_request(policy))
    };
    let contenders =
        vec![timed("adaptive", Part::Ours), timed("lru", Part::Rival), promise("allowed", DECISION_NS)];
    contest(format!("decision {}", requests.name), "ns", None, contenders)
}

fn contest(point: String, unit: &'static str, goal: Option<f64>, contenders: Vec<Contender>) -> Contest {
    Contest { suite: "kv", point, metrics: vec![Metric { name: "", unit, goal }], contenders }
}

fn promise(name: &'static str, value: f64) -> Contender {
    contender(name, Part::Goal, move || value)
}

fn contender(name: &'static str, part: Part, mut run: impl FnMut() -> f64 + 'static) -> Contender {
    Contender { name, part, run: Box::new(move || Ok(vec![run()])) }
}
