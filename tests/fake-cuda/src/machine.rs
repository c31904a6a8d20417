//! The machine that the driver finds: two devices, the faults that were planned, and what was left over.

use crate::driver::Driver;
use crate::error::{Error, ErrorKind};
use crate::kernel::Kernel;
use crate::lock::lock;
use crate::sim::{Outstanding, Sim, SimSpec};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::ffi::{CStr, c_char};
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Answers of the driver (`CUresult`).
pub(crate) mod answer {
    pub(crate) const SUCCESS: u32 = 0;
    pub(crate) const INVALID_VALUE: u32 = 1;
    pub(crate) const OUT_OF_MEMORY: u32 = 2;
    pub(crate) const INVALID_DEVICE: u32 = 101;
    pub(crate) const INVALID_IMAGE: u32 = 200;
    pub(crate) const INVALID_CONTEXT: u32 = 201;
    pub(crate) const NOT_FOUND: u32 = 500;
    pub(crate) const NOT_READY: u32 = 600;
    pub(crate) const LAUNCH_FAILED: u32 = 719;
    pub(crate) const NOT_SUPPORTED: u32 = 801;
}

/// Devices of the machine.
const DEVICES: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    OutOfMemory,
    Failure,
    Sticky,
    Lost,
}

/// Everything between two resets.
pub(crate) struct Machine {
    pub(crate) devices: Vec<Arc<Sim>>,
    pub(crate) state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    /// Handles of each device's primary context.
    pub(crate) retained: [u32; DEVICES],
    /// What is mapped and nobody was given access to yet: address and length.
    pub(crate) closed: BTreeMap<u64, u64>,
    /// Parameters of each function, in bytes.
    pub(crate) kernels: HashMap<u64, Arc<Kernel>>,
    /// The kernels of each module.
    pub(crate) modules: HashMap<u64, Vec<Arc<Kernel>>>,
    planned: HashMap<String, (u32, Fault)>,
}

static MACHINE: Mutex<Option<Arc<Machine>>> = Mutex::new(None);

thread_local! {
    /// The device whose context is current.
    static CURRENT: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn build() -> Option<Arc<Machine>> {
    let latency = std::env::var("STRATAL_FAKE_CUDA_LATENCY_US").ok().and_then(|text| text.parse().ok());
    let latency = Duration::from_micros(latency.unwrap_or(0));
    let spec = SimSpec { memory_bytes: 128 << 20, latency, ..SimSpec::default() };
    let devices = Sim::open_many(spec, DEVICES).ok()?;
    Some(Arc::new(Machine { devices, state: Mutex::default() }))
}

/// The machine of now.
pub(crate) fn machine() -> Option<Arc<Machine>> {
    let mut machine = lock(&MACHINE);
    if machine.is_none() {
        *machine = build();
    }
    machine.clone()
}

pub(crate) fn set_current(device: usize) {
    CURRENT.set(device);
}

/// Which answer an error is.
pub(crate) fn told(error: &Error) -> u32 {
    match error.kind() {
        ErrorKind::OutOfMemory => answer::OUT_OF_MEMORY,
        ErrorKind::Lost => answer::LAUNCH_FAILED,
        ErrorKind::Missing => answer::NOT_FOUND,
        ErrorKind::Unsupported => answer::NOT_SUPPORTED,
        _ => answer::INVALID_VALUE,
    }
}

/// One call under way.
pub(crate) struct Call {
    pub(crate) machine: Arc<Machine>,
    device: usize,
    /// What it answers in the end, whatever it did.
    forced: Option<u32>,
}

impl Call {
    /// Opens a call that needs no context.
    pub(crate) fn open(symbol: &str) -> Result<Self, u32> {
        let machine = machine().ok_or(answer::OUT_OF_MEMORY)?;
        let fault = {
            let mut state = lock(&machine.state);
            match state.planned.get_mut(symbol) {
                Some((0, fault)) => {
                    let fault = *fault;
                    state.planned.remove(symbol);
                    Some(fault)
                }
                Some((left, _)) => {
                    *left -= 1;
                    None
                }
                None => None,
            }
        };
        let device = CURRENT.get();
        let call = Self { machine, device, forced: None };
        match fault {
            None => Ok(call),
            Some(Fault::OutOfMemory) => call.fail(symbol, answer::OUT_OF_MEMORY),
            Some(Fault::Failure) => call.fail(symbol, answer::INVALID_VALUE),
            Some(Fault::Lost) => {
                call.strike();
                call.fail(symbol, answer::LAUNCH_FAILED)
            }
            Some(Fault::Sticky) => {
                // Work that was accepted and fails when it runs, for calls that submit; the others answer it.
                call.strike();
                if symbol.ends_with("Async_v2") || symbol.ends_with("Async") || symbol == "cuLaunchKernel" {
                    return Err(answer::SUCCESS);
                }
                call.fail(symbol, answer::LAUNCH_FAILED)
            }
        }
    }

    /// Calls that give back do so, and answer the fault all the same.
    fn fail(mut self, symbol: &str, code: u32) -> Result<Self, u32> {
        let gives_back = ["Free", "Release", "Unmap", "Unregister", "Destroy_v2", "Unload", "Release_v2"];
        if gives_back.iter().any(|end| symbol.ends_with(end)) {
            self.forced = Some(code);
            return Ok(self);
        }
        Err(code)
    }

    /// Ends the current device, or the first.
    fn strike(&self) {
        if let Some(device) = self.machine.devices.get(self.device).or(self.machine.devices.first()) {
            device.strike();
        }
    }

    /// The device whose context is current.
    pub(crate) fn sim(&self) -> Result<&Arc<Sim>, u32> {
        let retained = lock(&self.machine.state).retained;
        let current = self.machine.devices.get(self.device).filter(|_| retained[self.device] > 0);
        current.ok_or(answer::INVALID_CONTEXT)
    }

    pub(crate) fn device(&self) -> usize {
        self.device
    }

    /// The answer of a call that did what it could.
    pub(crate) fn end<T>(&self, result: Result<T, Error>) -> Result<T, u32> {
        match (self.forced, result) {
            (Some(code), _) => Err(code),
            (None, Ok(value)) => Ok(value),
            (None, Err(error)) => Err(told(&error)),
        }
    }

    /// Whether all of a range may be used: what is mapped has been opened.
    pub(crate) fn open_range(&self, at: u64, len: u64) -> Result<(), u32> {
        let closed = &lock(&self.machine.state).closed;
        let inside = closed.range(..at.saturating_add(len)).next_back();
        if inside.is_some_and(|(start, closed)| start + closed > at) {
            Err(answer::INVALID_VALUE)
        } else {
            Ok(())
        }
    }
}

/// Plans a fault: the `nth` call of `symbol` from now, from 0. 0 is memory, 1 failure, 2 sticky, 3 lost.
///
/// # Safety
/// `symbol` is a C string.
#[unsafe(no_mangle)]
unsafe extern "C" fn stratal_fake_plan(symbol: *const c_char, nth: u32, fault: u32) {
    // SAFETY: promised by the caller.
    let symbol = unsafe { CStr::from_ptr(symbol) }.to_string_lossy().into_owned();
    let fault = match fault {
        0 => Fault::OutOfMemory,
        1 => Fault::Failure,
        2 => Fault::Sticky,
        _ => Fault::Lost,
    };
    if let Some(machine) = machine() {
        lock(&machine.state).planned.insert(symbol, (nth, fault));
    }
}

/// A new machine, without faults; the old one goes with its last handle.
#[unsafe(no_mangle)]
extern "C" fn stratal_fake_reset() {
    *lock(&MACHINE) = build();
}

/// What was used in no order, what was left over, and which faults have not struck, a line each; returns how many
/// bytes there are, of which at most `len` were written to `out`.
///
/// # Safety
/// `out` is valid for `len` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn stratal_fake_report(out: *mut u8, len: usize) -> usize {
    let mut text = String::new();
    if let Some(machine) = machine() {
        for seen in machine.devices[0].violations() {
            let _ = writeln!(text, "violation {seen}");
        }
        for (device, sim) in machine.devices.iter().enumerate() {
            let left = sim.outstanding();
            if left != Outstanding::default() {
                let _ = writeln!(text, "left on {device}: {left:?}");
            }
            if sim.is_lost() {
                let _ = writeln!(text, "lost {device}");
            }
        }
        let state = lock(&machine.state);
        if state.retained != [0; DEVICES] {
            let _ = writeln!(text, "left contexts: {:?}", state.retained);
        }
        for symbol in state.planned.keys() {
            let _ = writeln!(text, "planned {symbol}");
        }
    }
    let written = text.len().min(len);
    // SAFETY: promised by the caller.
    unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), out, written) };
    text.len()
}
