//! Leases on tensors of this process: who excludes whom, and what outlives what.

use std::thread;
use stratal::{ErrorKind, Shape, Tensor};

type Table = Tensor<f32, Shape![_, 2]>;

fn table() -> Table {
    Table::from_fn([100, 2], |[row, column]| (row * 2 + column) as f32)
        .expect("a small table fits")
        .named("table")
}

/// Two exclusive leases are one too many: the second is a typed error that names the tensor, and nothing is lost.
#[test]
fn two_exclusive_leases_are_refused() {
    let table = table();
    let mut first = table.write().unwrap();
    first[0] = -1.0;
    let error = table.write().unwrap_err();
    assert_eq!((error.kind(), error.fact("tensor")), (ErrorKind::Conflict, Some("table")));
    assert_eq!(table.read_rows(3..4).unwrap_err().kind(), ErrorKind::Conflict);
    drop(first);
    assert_eq!(table.read().unwrap()[..3], [-1.0, 1.0, 2.0]);
}

/// Readers share, from any thread, and keep writers out until the last is done.
#[test]
fn readers_share() {
    let table = table();
    let leases: Vec<_> = (0..4).map(|_| table.read().unwrap()).collect();
    let sums = leases.into_iter().map(|lease| thread::spawn(move || (lease.iter().sum::<f32>(), lease)));
    let held: Vec<_> = sums.map(|thread| thread.join().unwrap()).collect();
    assert!(held.iter().all(|(sum, _)| *sum == 19900.0));
    assert_eq!(table.write().unwrap_err().kind(), ErrorKind::Conflict);
    drop(held);
    assert!(table.write().is_ok());
}

/// A lease stays readable after its tensor is gone.
#[test]
fn a_lease_outlives_its_tensor() {
    let rows = table().read_rows(98..100).unwrap();
    assert_eq!(rows.view().row(1), [198.0, 199.0]);
}

/// Rows beyond the tensor are an error with the shape in it, not a panic.
#[test]
fn rows_beyond_the_end_are_an_error() {
    let error = table().read_rows(99..101).unwrap_err();
    assert_eq!(error.to_string(), "shape mismatch: rows 99..101 of shape [100, 2] (tensor `table`)");
}

/// Indexing outside panics with the index and the shape, and `get` does not.
#[test]
fn indexing_outside_is_told() {
    let lease = table().read().unwrap();
    assert_eq!(lease.view().get([100, 0]), None);
    let payload = thread::spawn(move || lease.view()[[7, 2]]).join().unwrap_err();
    let message = payload.downcast_ref::<String>().map(String::as_str);
    assert_eq!(message, Some("index [7, 2] is out of bounds for shape [100, 2]"));
}
