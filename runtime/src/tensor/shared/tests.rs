//! Promises of shared values: their size, and a report that finds what leaks and nothing else.

use super::super::shape::Dyn;
use super::*;
use std::sync::Mutex;

type Vector = Tensor<f32, (Dyn,)>;

/// A node of a graph, with the links to others that it holds.
struct Node {
    value: Vector,
    next: Mutex<Vec<Shared<Node>>>,
}

impl Links for Node {
    fn links(&self, found: &mut dyn FnMut(Link)) {
        if let Ok(next) = self.next.try_lock() {
            next.links(found);
        }
    }
}

fn node() -> Shared<Node> {
    Shared::new(Node { value: Vector::zeros([1]).unwrap(), next: Mutex::new(Vec::new()) })
}

fn hold(holder: &Shared<Node>, held: &Shared<Node>) {
    holder.next.lock().unwrap().push(held.clone());
}

/// A report owns what it looks at while it looks: tests that count owners and tests that report take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> std::sync::MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A handle is one pointer, and so is a weak one; `Option` of either costs nothing more.
#[test]
fn handles_are_one_pointer() {
    assert_eq!(size_of::<Shared<Vector>>(), size_of::<usize>());
    assert_eq!(size_of::<WeakShared<Vector>>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Shared<Vector>>>(), size_of::<usize>());
}

/// The last owner frees the value, weak handles notice, and an owner that is alone gets the value back.
#[test]
fn owners_are_counted() {
    let _turn = turn();
    let first = Shared::new(Vector::full([2], 1.5).unwrap());
    let (second, weak) = (first.clone(), Shared::downgrade(&first));
    assert!(Shared::ptr_eq(&first, &second) && Shared::strong_count(&first) == 2);
    assert!(Shared::into_inner(second).is_none());
    assert_eq!(weak.upgrade().unwrap().read().unwrap()[0], 1.5);
    assert_eq!(Shared::into_inner(first).unwrap().shape(), [2]);
    assert!(weak.upgrade().is_none());
}

/// Two that hold each other, and what hangs from them, are reported with type and place once nobody else has them;
/// chains, trees and cycles that somebody has are not.
#[test]
#[cfg(debug_assertions)]
fn only_what_leaks_is_reported() {
    let _turn = turn();
    let leaked = |made: &[Link]| -> Vec<Cycle> {
        let report = cycles().unwrap();
        report.unreachable.into_iter().filter(|cycle| made.contains(&cycle.link)).collect()
    };
    let (left, right, hanging, outside) = (node(), node(), node(), node());
    let links = [&left, &right, &hanging, &outside].map(Shared::link);
    hold(&left, &right);
    hold(&right, &left);
    hold(&right, &hanging);
    hold(&outside, &hanging);
    drop((right, hanging));
    assert!(leaked(&links).is_empty(), "`left` holds the cycle");
    let weak = Shared::downgrade(&left);
    drop(left);
    let found = leaked(&links);
    assert_eq!(
        found.iter().map(|cycle| cycle.link).collect::<std::collections::BTreeSet<_>>(),
        links[..2].iter().copied().collect()
    );
    assert!(
        found
            .iter()
            .all(|cycle| cycle.type_name.ends_with("Node") && cycle.made_at.file().ends_with("tests.rs"))
    );
    let report = cycles().unwrap().to_string();
    assert!(
        report.contains("shared values keep only each other alive") && report.contains("tests.rs"),
        "{report}"
    );

    // The report keeps nobody: what it found can still be taken apart.
    let left = weak.upgrade().unwrap();
    left.next.lock().unwrap().clear();
    assert_eq!(left.value.shape(), [1]);
    drop(left);
    assert!(leaked(&links).is_empty() && weak.upgrade().is_none());
}
