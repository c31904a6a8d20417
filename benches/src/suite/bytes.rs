//! Suite `bytes`: bytes that the engine reads per pass beside the fewest possible, for the orders in which models use
//! their layers.
//!
//! Every tensor is one chunk of noise, so that the store writes and reads each of them whole, and the tier holds a
//! number of them. One pass is learned; what is judged comes after it. MIN is played by a program of this suite, which
//! shares no code with the engine's planner, at the budget less the prefetch window where it fetches ahead (the points
//! name the window, at most an eighth of the budget), and at the whole budget where it does not; it begins with what LRU
//! leaves of the first pass, which nobody foresaw. LRU is played beside.
//!
//! | metric | what | goal |
//! |---|---|---|
//! | (none) | passes from the third on, of twelve | 1.02 × MIN |
//! | `.learned` | the second too, in which what the first has left becomes what the plan keeps | 1.02 × MIN |
//! | `.first pass` | after four passes of one order, the first of another, for which the schedule is wrong | 1.03 × LRU |
//! | `.later` | from the third of that on: the first is seen, the second settles | 1.02 × MIN; 1.03 × LRU at random |

use super::disk::Shared;
use super::{Scale, Suite, no_child};
use crate::contest::{Contender, Contest, Metric, Part, Runner};
use orders::Order;
use play::{Found, Setting};
use stratal::Result;

mod optimum;
mod orders;
mod play;

pub(crate) const SUITE: Suite = Suite {
    name: "bytes",
    about: "bytes read beside Belady's MIN and LRU: cyclic, forward+backward, 1F1B, fixed MoE, changed orders",
    contests,
    child: no_child,
};

/// Of MIN's bytes, what ours may read, and of LRU's after a change.
const MIN_PARTS: f64 = 1.02;
const LRU_PARTS: f64 = 1.03;

/// The window's part of the budget: one in so many.
const WINDOW_PART: u64 = 8;

/// Orders, and how many of their tensors fit.
const POINTS: [(Order, u64); 6] = [
    (Order::Cyclic, 16),
    (Order::Cyclic, 32),
    (Order::Cyclic, 48),
    (Order::Mirrored, 32),
    (Order::OneForwardOneBackward, 32),
    (Order::Experts, 32),
];

/// Changes after four passes, in a tier of 32.
const CHANGES: [(Order, Order); 3] =
    [(Order::Cyclic, Order::Shuffled), (Order::Cyclic, Order::Skipping), (Order::Cyclic, Order::Random)];

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let mut contests = Vec::new();
    for (order, resident) in POINTS {
        for window in [resident / WINDOW_PART, 0] {
            contests.push(steady(scale, order, resident, window));
        }
    }
    contests.extend(CHANGES.map(|(order, change)| changed(scale, order, change)));
    contests.retain(|contest| scale.chosen.point(&contest.point));
    Ok(contests)
}

fn setting(scale: Scale, resident: u64, window: u64) -> Setting {
    let chunk_bytes = if scale.quick { 256 << 10 } else { 2 << 20 };
    Setting { chunk_bytes, resident, window, passes: if scale.quick { 6 } else { 12 } }
}

fn name(order: Order, resident: u64, window: u64) -> String {
    let overlap = match window {
        0 => "nothing ahead".to_owned(),
        window => format!("window {window}"),
    };
    format!("{} {resident} of {} resident, {overlap}", order.name(), orders::TENSORS)
}

/// Passes of one order.
fn steady(scale: Scale, order: Order, resident: u64, window: u64) -> Contest {
    let setting = setting(scale, resident, window);
    let runners = Shared::runners(move || {
        let Found { ours, least, lru } = play::steady(setting, order)?;
        let promised = least.map(|tensors| tensors * MIN_PARTS);
        Ok([ours, least, lru, promised].map(|tensors| setting.gib(tensors)))
    });
    let metrics = [("", "GiB/pass"), ("learned", "GiB/pass")];
    contest(name(order, resident, window), metrics, "1.02 x MIN", runners)
}

/// Another order after some passes.
fn changed(scale: Scale, order: Order, change: Order) -> Contest {
    let setting = setting(scale, 32, 32 / WINDOW_PART);
    let runners = Shared::runners(move || {
        let Found { ours, least, lru } = play::changed(setting, order, change)?;
        // What never repeats has no schedule to be recovered: LRU is what it is held against.
        let recovered = if change == Order::Random { lru[1] * LRU_PARTS } else { least[1] * MIN_PARTS };
        let promised = [lru[0] * LRU_PARTS, recovered];
        Ok([ours, least, lru, promised].map(|tensors| setting.gib(tensors)))
    });
    let point = format!("{} then {}, window {}", order.name(), change.name(), setting.window);
    let metrics = [("first pass", "GiB/pass"), ("later", "GiB/pass")];
    contest(point, metrics, "1.03 x LRU, 1.02 x MIN", runners)
}

fn contest(
    point: String,
    metrics: [(&'static str, &'static str); 2],
    promise: &'static str,
    [ours, least, lru, promised]: [Runner; 4],
) -> Contest {
    let contender = |name, part, run| Contender { name, part, run };
    Contest {
        suite: SUITE.name,
        point,
        metrics: metrics.map(|(name, unit)| Metric { name, unit, goal: None }).to_vec(),
        contenders: vec![
            contender("stratal", Part::Ours, ours),
            contender("MIN", Part::Limit, least),
            contender("LRU", Part::Rival, lru),
            contender(promise, Part::Goal, promised),
        ],
    }
}
