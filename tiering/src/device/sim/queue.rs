//! Streams of the simulator: one thread each, which does the work in the order it came.
//!
//! Invariants: work of one stream never overlaps or overtakes; an event passes only when its stream reaches it; after
//! a sticky fault nothing more is done and no event passes any more, which everyone who waits is told.

use super::super::code::HostKernel;
use super::super::driver::Geometry;
use super::super::lock::lock;
use super::hazard::Violation;
use super::world::{Shared, World};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Bytes on the host or the device, by address; the caller of the driver promised them until the work has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes(pub(super) u64);

/// Work that a stream does.
pub(super) enum Work {
    /// A copy either way or inside; `seal` is the checksum that host bytes had when they were submitted.
    Copy {
        to: Bytes,
        from: Bytes,
        len: u64,
        way: Way,
        seal: Option<u64>,
    },
    Fill {
        at: Bytes,
        byte: u8,
        len: u64,
    },
    Launch {
        kernel: HostKernel,
        geometry: Geometry,
        arguments: Vec<u8>,
    },
    Record {
        event: Arc<Flag>,
        number: u64,
    },
    Wait {
        event: Arc<Flag>,
        number: u64,
    },
    /// A sticky fault strikes here.
    Strike,
}

/// Which link a copy takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
    Inside,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Copy { .. } => "copy",
            Self::Fill { .. } => "fill",
            Self::Launch { .. } => "launch",
            Self::Record { .. } => "record",
            Self::Wait { .. } => "wait",
            Self::Strike => "strike",
        })
    }
}

/// An event: how often it was recorded, how many of those have passed, and on which device it was last.
#[derive(Debug, Default)]
pub(super) struct Flag {
    state: Mutex<Recorded>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Recorded {
    recorded: u64,
    passed: u64,
    on: Option<Arc<Shared>>,
}

impl Recorded {
    fn is_dead(&self) -> bool {
        self.on.as_ref().is_some_and(|device| device.lost.load(Ordering::Acquire))
    }
}

/// How a wait for an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    Passed,
    TimedOut,
    /// The device that it was recorded on is lost: it never passes.
    Dead,
}

impl Flag {
    /// One more recording, on a device.
    pub(super) fn record(&self, on: &Arc<Shared>) -> u64 {
        let mut state = lock(&self.state);
        state.recorded += 1;
        state.on = Some(Arc::clone(on));
        state.recorded
    }

    pub(super) fn recorded(&self) -> u64 {
        lock(&self.state).recorded
    }

    fn pass(&self, number: u64) {
        let mut state = lock(&self.state);
        state.passed = state.passed.max(number);
        self.changed.notify_all();
    }

    pub(super) fn is_past(&self) -> bool {
        let state = lock(&self.state);
        state.passed >= state.recorded
    }

    /// Everyone who waits looks again.
    pub(super) fn shake(&self) {
        let _held = lock(&self.state);
        self.changed.notify_all();
    }

    /// Waits for recording `number`, no longer than `timeout` and than its device works.
    pub(super) fn wait(&self, number: u64, timeout: Option<Duration>) -> Waited {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = lock(&self.state);
        while state.passed < number {
            if state.is_dead() {
                return Waited::Dead;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => return Waited::TimedOut,
                Some(left) => {
                    let woken = self.changed.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        Waited::Passed
    }
}

#[derive(Debug, Default)]
struct Todo {
    work: VecDeque<Work>,
    closed: bool,
}

/// The part of a stream that its thread and its submitters share.
#[derive(Debug, Default)]
pub(super) struct Line {
    todo: Mutex<Todo>,
    came: Condvar,
}

impl Line {
    pub(super) fn submit(&self, work: Work) {
        lock(&self.todo).work.push_back(work);
        self.came.notify_one();
    }

    fn close(&self) {
        lock(&self.todo).closed = true;
        self.came.notify_one();
    }

    fn next(&self) -> Option<Work> {
        let mut todo = lock(&self.todo);
        loop {
            if let Some(work) = todo.work.pop_front() {
                return Some(work);
            }
            if todo.closed {
                return None;
            }
            todo = self.came.wait(todo).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A stream and its thread, which ends when the work that was submitted has.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) line: Arc<Line>,
    thread: Option<JoinHandle<()>>,
}

impl Queue {
    pub(super) fn open(world: &Arc<World>, device: &Arc<Shared>) -> std::io::Result<Self> {
        let line = Arc::new(Line::default());
        let (world, device, mine) = (Arc::clone(world), Arc::clone(device), Arc::clone(&line));
        let thread = std::thread::Builder::new().name("stratal-sim".into()).spawn(move || {
            while let Some(work) = mine.next() {
                run(&world, &device, work);
            }
        })?;
        Ok(Self { line, thread: Some(thread) })
    }

    /// Lets the thread end by itself.
    pub(super) fn close(self) -> Option<JoinHandle<()>> {
        self.line.close();
        self.thread
    }
}

fn run(world: &World, device: &Shared, work: Work) {
    if device.ending.load(Ordering::Acquire) {
        return;
    }
    match work {
        Work::Record { event, number } => event.pass(number),
        // What a lost neighbour was to bring never comes: to go on without it would be to compute with anything.
        Work::Wait { event, number } => {
            if event.wait(number, None) == Waited::Dead {
                world.strike(device);
            }
        }
        Work::Strike => world.strike(device),
        work => {
            let _touching = device.touching.read().unwrap_or_else(PoisonError::into_inner);
            // Once more: whoever struck meanwhile has waited for the lock, and may have taken the bytes away.
            if !device.ending.load(Ordering::Acquire) {
                touch(world, device, work);
            }
        }
    }
}

/// Work that touches bytes.
fn touch(world: &World, device: &Shared, work: Work) {
    match work {
        Work::Copy { to, from, len, way, seal } => {
            let _link = match way {
                Way::Up => Some(lock(&device.link_up)),
                Way::Down => Some(lock(&device.link_down)),
                Way::Inside => None,
            };
            let start = Instant::now();
            if seal.is_some_and(|seal| seal != checksum(from, len)) {
                let detail = format!("{len} bytes at {:#x} before they were copied to {:#x}", from.0, to.0);
                lock(&world.hazards).note(Violation::Changed, detail);
            }
            // SAFETY: whoever submitted the copy promised both ranges until it has ended, and device ranges were found
            // to be mapped when it was submitted.
            unsafe { std::ptr::copy_nonoverlapping(from.0 as *const u8, to.0 as *mut u8, len as usize) };
            device.spec.pace(start, if way == Way::Inside { 0 } else { len });
        }
        // SAFETY: as above.
        Work::Fill { at, byte, len } => unsafe { std::ptr::write_bytes(at.0 as *mut u8, byte, len as usize) },
        Work::Launch { kernel, geometry, arguments } => {
            let start = Instant::now();
            kernel(&geometry, &arguments);
            device.spec.pace(start, 0);
        }
        Work::Record { .. } | Work::Wait { .. } | Work::Strike => {}
    }
}

/// FNV-1a over the bytes, a word at a time: to notice a change, not to resist one.
pub(super) fn checksum(at: Bytes, len: u64) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    // SAFETY: whoever submitted the copy promised the range until it has ended.
    let bytes = unsafe { std::slice::from_raw_parts(at.0 as *const u8, len as usize) };
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words.iter().fold(0xcbf2_9ce4_8422_2325, |sum: u64, word| {
        (sum ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME).rotate_left(29)
    });
    rest.iter().fold(sum, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(PRIME))
}
