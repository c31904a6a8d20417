//! Promise: a lease that is polled for is the lease that is waited for: any executor, any number, dropped whenever.

use crate::world::{checkpoint, directory, engine, load, policy, value};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};
use stratal::{Dyn, Engine, ErrorKind, ReadLease, Result};
use stratal_support::dice::Dice;

const MIB: usize = 1 << 18; // f32 elements

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor: one future, one thread.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park_timeout(Duration::from_secs(20)),
        }
    }
}

/// Reads and writes by future see what those by waiting see, hits and misses alike.
#[test]
fn a_future_brings_the_same_bytes() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let path = checkpoint(dir.path(), &[MIB, 5 * MIB / 2, 3 * MIB, MIB / 8, 4 * MIB]);
    let tensors = load(&engine, &path, 5);
    for pass in 0..3 {
        for (i, tensor) in tensors.iter().enumerate() {
            let lease = block_on(tensor.read_async()).unwrap();
            assert!((0..lease.len()).step_by(613).all(|at| lease[at] == value(i, at) + pass as f32));
            drop(lease);
            let mut lease = block_on(tensor.write_async()).unwrap();
            lease.as_mut_slice().iter_mut().for_each(|element| *element += 1.0);
        }
    }
    let counted = engine.counters();
    assert_eq!(counted.chunk_leases, counted.hits + counted.misses, "{counted}");
}

type Pending = Pin<Box<dyn Future<Output = Result<ReadLease<f32, (Dyn,)>>> + Send>>;

/// Hundreds of futures at once, of which some are never polled, some dropped after a poll or two, some awaited: what is
/// awaited is right, and nothing is left behind.
#[test]
fn futures_dropped_at_random_leave_nothing_behind() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let path = checkpoint(dir.path(), &[MIB; 16]);
    let tensors = load(&engine, &path, 16);
    let mut dice = Dice::new(7);
    for _ in 0..20 {
        let mut pending: Vec<(usize, Pending)> = Vec::new();
        for _ in 0..24 {
            let i = dice.below(tensors.len());
            pending.push((i, Box::pin(tensors[i].read_async())));
        }
        let waker = Waker::noop();
        for (_, future) in &mut pending {
            for _ in 0..dice.below(3) {
                // A lease that is there is dropped at once.
                if future.as_mut().poll(&mut Context::from_waker(waker)).is_ready() {
                    *future = Box::pin(std::future::pending());
                }
            }
        }
        pending.retain(|_| dice.below(4) == 0);
        drop(pending);
        let i = dice.below(tensors.len());
        let lease = block_on(tensors[i].read_async()).unwrap();
        assert!((0..lease.len()).step_by(997).all(|at| lease[at] == value(i, at)));
    }
    assert_eq!(engine.report().leases, 0);
    // Everything can be had by somebody else.
    for (i, tensor) in tensors.iter().enumerate() {
        assert_eq!(tensor.write().unwrap()[3], value(i, 3));
    }
}

/// A future that nobody answers ends at the deadline, and its executor is woken for it.
#[test]
fn a_future_ends_at_its_deadline() {
    let dir = directory();
    let engine = Engine::builder().policy(policy(dir.path(), "8 MiB", "300 ms").unwrap()).build().unwrap();
    let tensor = engine.zeros::<f32, (Dyn,)>("held", [MIB]).unwrap();
    let held = tensor.write().unwrap();
    let since = Instant::now();
    let Err(error) = block_on(tensor.read_async()) else { panic!("the writer stays") };
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(since.elapsed() >= Duration::from_millis(290), "{:?}", since.elapsed());
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    drop(held);
    assert!(block_on(tensor.read_async()).is_ok());
}

/// The end of the engine is an answer to whoever waits.
#[test]
fn a_closed_engine_answers_its_futures() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let tensor = engine.zeros::<f32, (Dyn,)>("held", [MIB]).unwrap();
    let held = tensor.write().unwrap();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| block_on(tensor.read_async()).map(drop));
        std::thread::sleep(Duration::from_millis(50));
        engine.close();
        assert_eq!(waits.join().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    });
    drop(held);
}
