//! What devices of one simulated machine share: events, the order of submission, and what was seen to go wrong.

use super::super::lock::lock;
use super::hazard::Hazards;
use super::memory::Memory;
use super::queue::Flag;
use super::{Faults, SimSpec};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// One machine with some devices.
#[derive(Debug)]
pub(super) struct World {
    pub(super) id: u64,
    pub(super) turns: Mutex<()>,
    pub(super) hazards: Mutex<Hazards>,
    pub(super) events: Mutex<HashMap<u64, Arc<Flag>>>,
    pub(super) devices: Vec<Arc<Shared>>,
    next_handle: AtomicU64,
}

/// The part of a device that its streams and its neighbours reach.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) number: usize,
    pub(super) spec: SimSpec,
    pub(super) memory: Mutex<Memory>,
    pub(super) faults: Mutex<Faults>,
    /// A sticky fault has struck: nothing more is begun.
    pub(super) ending: AtomicBool,
    /// What was under way has ended too: whoever reads this may take the bytes away.
    pub(super) lost: AtomicBool,
    /// Shared by whatever touches bytes at this moment.
    pub(super) touching: RwLock<()>,
    pub(super) link_up: Mutex<()>,
    pub(super) link_down: Mutex<()>,
}

static WORLDS: AtomicU64 = AtomicU64::new(1);

impl World {
    pub(super) fn new(devices: Vec<Arc<Shared>>) -> Self {
        Self {
            id: WORLDS.fetch_add(1, Ordering::Relaxed),
            turns: Mutex::new(()),
            hazards: Mutex::new(Hazards::default()),
            events: Mutex::new(HashMap::new()),
            devices,
            next_handle: AtomicU64::new(1),
        }
    }

    pub(super) fn handle(&self) -> u64 {
        self.next_handle.fetch_add(1, Ordering::Relaxed)
    }

    /// The device is lost, once what it does at this moment has ended: whoever waits is woken and told.
    pub(super) fn strike(&self, device: &Shared) {
        device.ending.store(true, Ordering::Release);
        drop(device.touching.write().unwrap_or_else(PoisonError::into_inner));
        let mut hazards = lock(&self.hazards);
        hazards.all_ended();
        // Under the lock of the book: who finds the device lost finds its uses ended.
        device.lost.store(true, Ordering::Release);
        drop(hazards);
        lock(&self.events).values().for_each(|event| event.shake());
    }
}
