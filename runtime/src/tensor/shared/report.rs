//! Shared values that only each other keep alive, found by counting.
//!
//! A value is held from outside if it has more owners than the links that live values say they have on it. Whatever
//! such a value reaches is in use; the rest can be reached by nobody and will never be freed.

use super::{Link, Links};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A shared value that was made and may be alive.
struct Entry {
    value: Weak<dyn Links>,
    type_name: &'static str,
    made_at: &'static Location<'static>,
}

/// Every shared value of a build with debug assertions. An entry keeps the allocation, not the value, until the list
/// is next swept.
static LIVE: Mutex<List> = Mutex::new(List { entries: Vec::new(), sweep_at: 64 });

struct List {
    entries: Vec<Entry>,
    /// Length at which dead entries are dropped.
    sweep_at: usize,
}

/// Puts a value on the list, in builds with debug assertions.
#[track_caller]
pub(super) fn register<V: Links>(value: &Arc<V>) {
    if !cfg!(debug_assertions) {
        return;
    }
    let weak: Weak<V> = Arc::downgrade(value);
    let entry = Entry { value: weak, type_name: std::any::type_name::<V>(), made_at: Location::caller() };
    let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    if live.entries.len() >= live.sweep_at {
        live.entries.retain(|entry| entry.value.strong_count() > 0);
        live.sweep_at = 2 * live.entries.len().max(32);
    }
    live.entries.push(entry);
}

/// One shared value that only others of the report keep alive.
#[derive(Clone, Debug)]
pub struct Cycle {
    /// The value.
    pub link: Link,
    /// Type of the value.
    pub type_name: &'static str,
    /// Where it was made.
    pub made_at: &'static Location<'static>,
    /// The shared values that it holds.
    pub holds: Vec<Link>,
}

/// What [`cycles`] found.
#[derive(Clone, Debug)]
pub struct CycleReport {
    /// Shared values that were alive.
    pub num_live: usize,
    /// Those that nobody can reach any more.
    pub unreachable: Vec<Cycle>,
}

impl fmt::Display for CycleReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} shared values keep only each other alive",
            self.unreachable.len(),
            self.num_live
        )?;
        for (number, Cycle { type_name, made_at, holds, .. }) in self.unreachable.iter().enumerate() {
            let places =
                holds.iter().map(|held| self.unreachable.iter().position(|cycle| cycle.link == *held));
            let held: Vec<String> = places.flatten().map(|place| format!("#{place}")).collect();
            write!(f, "\n  #{number} {type_name} made at {made_at} holds {}", held.join(", "))?;
        }
        Ok(())
    }
}

/// Looks for shared values that only each other keep alive. `None` in builds without debug assertions, which keep no
/// list.
///
/// Handles that other threads make or drop meanwhile may be counted wrongly: ask when nothing else runs, and again.
///
/// ```
/// use std::sync::Mutex;
/// use stratal_runtime::tensor::{Link, Links, Shared, cycles};
/// struct Node { next: Mutex<Option<Shared<Node>>> }
/// impl Links for Node {
///     fn links(&self, found: &mut dyn FnMut(Link)) {
///         if let Ok(next) = self.next.try_lock() {
///             next.links(found);
///         }
///     }
/// }
/// let node = Shared::new(Node { next: Mutex::new(None) });
/// *node.next.lock().expect("nobody panicked") = Some(node.clone());
/// drop(node);
/// if let Some(report) = cycles() {
///     assert_eq!(report.unreachable.len(), 1);
///     assert!(report.to_string().contains("holds #0"));
/// }
/// ```
#[must_use]
pub fn cycles() -> Option<CycleReport> {
    cfg!(debug_assertions).then(|| Graph::of_live().report())
}

/// The live values and what they hold.
struct Graph {
    nodes: BTreeMap<Link, Node>,
}

struct Node {
    /// Kept for the time of the report, and dropped outside the lock: dropping may make and drop others.
    value: Arc<dyn Links>,
    type_name: &'static str,
    made_at: &'static Location<'static>,
    holds: Vec<Link>,
}

impl Graph {
    fn of_live() -> Self {
        let live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = live.entries.iter().filter_map(|entry| {
            let value = entry.value.upgrade()?;
            let link = Link(Arc::as_ptr(&value).cast::<()>().addr());
            Some((
                link,
                Node { value, type_name: entry.type_name, made_at: entry.made_at, holds: Vec::new() },
            ))
        });
        let mut nodes: BTreeMap<Link, Node> = alive.collect();
        drop(live);
        for node in nodes.values_mut() {
            let Node { value, holds, .. } = node;
            value.links(&mut |link| holds.push(link));
        }
        Self { nodes }
    }

    fn report(self) -> CycleReport {
        let reachable = self.reachable();
        let num_live = self.nodes.len();
        let unreachable = self.nodes.iter().filter(|(link, _)| !reachable.contains(link));
        let cycle = |(link, node): (&Link, &Node)| Cycle {
            link: *link,
            type_name: node.type_name,
            made_at: node.made_at,
            holds: node.holds.clone(),
        };
        CycleReport { num_live, unreachable: unreachable.map(cycle).collect() }
    }

    /// The values that are held from outside, and all that they reach.
    fn reachable(&self) -> BTreeSet<Link> {
        let mut links: BTreeMap<Link, usize> = BTreeMap::new();
        for held in self.nodes.values().flat_map(|node| &node.holds) {
            *links.entry(*held).or_default() += 1;
        }
        // One owner is this graph.
        let owners = |node: &Node| Arc::strong_count(&node.value) - 1;
        let from_outside =
            |(link, node): &(&Link, &Node)| owners(node) > links.get(link).copied().unwrap_or(0);
        let mut next: Vec<Link> = self.nodes.iter().filter(from_outside).map(|(link, _)| *link).collect();
        let mut reached = BTreeSet::new();
        while let Some(link) = next.pop() {
            if reached.insert(link) {
                next.extend(self.nodes.get(&link).iter().flat_map(|node| &node.holds));
            }
        }
        reached
    }
}
