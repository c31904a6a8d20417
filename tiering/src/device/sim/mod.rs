//! A device that runs anywhere: memory of its own, streams that run in order, latency, bandwidth, and faults on demand.
//!
//! Its addresses belong to no object of the host, its frames move by mapping, its streams are threads, and its clock of
//! events tells what was used in no order ([`Sim::violations`]). Kernels are functions of this process. It takes as
//! long as [`SimSpec`] says a copy takes, so that what overlaps on a device overlaps here.
//!
//! Invariant: whatever the faults, host memory is touched only by work that was submitted and has not ended, and what
//! is closed is gone ([`Sim::outstanding`]).

mod faults;
mod hazard;
mod memory;
mod queue;
mod world;

pub use faults::{Call, Fault, Faults};
pub use hazard::{Seen, Violation};

use super::code::{Code, HostEntry, Image, Source};
use super::driver::{
    Address, Driver, Geometry, MemoryInfo, Properties, RawEvent, RawFrame, RawFunction, RawModule, RawStream,
};
use super::lock::lock;
use crate::error::{Error, ErrorKind, Result};
use hazard::{Access, Place};
use memory::Memory;
use queue::{Bytes, Flag, Queue, Waited, Way, Work, checksum};
use std::collections::{BTreeMap, HashMap};
use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};
use world::{Shared, World};

/// What a simulated device is like.
#[derive(Clone, Debug)]
pub struct SimSpec {
    /// Bytes of memory; multiples of 2 MiB.
    pub memory_bytes: u64,
    /// How long any copy or launch takes at least.
    pub latency: Duration,
    /// Bytes per second of each direction of the link to the host; 0 is as fast as memory.
    pub bandwidth_bytes_per_s: u64,
    /// Whether host bytes are summed when a copy is submitted and again when it runs, to notice changes in between.
    pub seals: bool,
}

impl Default for SimSpec {
    /// 256 MiB, no latency, as fast as memory, sealed.
    fn default() -> Self {
        Self { memory_bytes: 256 << 20, latency: Duration::ZERO, bandwidth_bytes_per_s: 0, seals: true }
    }
}

impl SimSpec {
    /// Lets the time pass that a piece of work takes.
    fn pace(&self, start: Instant, len: u64) {
        let moving = match self.bandwidth_bytes_per_s {
            0 => Duration::ZERO,
            speed => Duration::from_secs_f64(len as f64 / speed as f64),
        };
        let left = (self.latency + moving).saturating_sub(start.elapsed());
        if !left.is_zero() {
            std::thread::sleep(left);
        }
    }
}

/// What has been made and not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outstanding {
    /// Frames of device memory.
    pub frames: usize,
    /// Frames at addresses.
    pub mappings: usize,
    /// Ranges of addresses.
    pub reservations: usize,
    /// Pinned ranges of the host.
    pub pinned: usize,
    /// Streams.
    pub streams: usize,
    /// Events, of all devices of the machine.
    pub events: usize,
    /// Modules.
    pub modules: usize,
}

/// A simulated device.
#[derive(Debug)]
pub struct Sim {
    world: Arc<World>,
    shared: Arc<Shared>,
    properties: Properties,
    streams: Mutex<HashMap<u64, Queue>>,
    code: Mutex<Loaded>,
    pinned: Mutex<BTreeMap<u64, u64>>,
}

#[derive(Debug, Default)]
struct Loaded {
    modules: HashMap<u64, Vec<u64>>,
    functions: HashMap<u64, HostEntry>,
}

impl Sim {
    /// A machine with one device.
    ///
    /// # Errors
    /// `OutOfMemory` when the system refuses a file in memory.
    pub fn open(spec: SimSpec) -> Result<Arc<Self>> {
        let mut devices = Self::open_many(spec, 1)?;
        devices.pop().ok_or_else(|| Error::new(ErrorKind::Unsupported, "a machine without a device"))
    }

    /// A machine with `count` devices, which know each other's events and copy from each other.
    ///
    /// # Errors
    /// As [`Sim::open`].
    pub fn open_many(spec: SimSpec, count: usize) -> Result<Vec<Arc<Self>>> {
        let shared = |number| -> Result<Arc<Shared>> {
            Ok(Arc::new(Shared {
                number,
                spec: spec.clone(),
                memory: Mutex::new(Memory::new(spec.memory_bytes)?),
                faults: Mutex::new(Faults::default()),
                ending: AtomicBool::new(false),
                lost: AtomicBool::new(false),
                touching: RwLock::new(()),
                link_up: Mutex::new(()),
                link_down: Mutex::new(()),
            }))
        };
        let world = Arc::new(World::new((0..count).map(shared).collect::<Result<_>>()?));
        let device = |shared: &Arc<Shared>| {
            Arc::new(Self {
                world: Arc::clone(&world),
                shared: Arc::clone(shared),
                properties: properties(&spec, shared.number),
                streams: Mutex::new(HashMap::new()),
                code: Mutex::new(Loaded::default()),
                pinned: Mutex::new(BTreeMap::new()),
            })
        };
        Ok(world.devices.iter().map(device).collect())
    }

    /// Plans faults, counted from now, in place of those planned before.
    pub fn plan(&self, faults: Faults) {
        *lock(&self.shared.faults) = faults;
    }

    /// Ends the device, as a sticky error does: nothing more is done on it.
    pub fn strike(&self) {
        self.world.strike(&self.shared);
    }

    /// Faults that have not struck yet.
    #[must_use]
    pub fn faults_left(&self) -> usize {
        lock(&self.shared.faults).left()
    }

    /// What was used in no order so far, on any device of the machine.
    #[must_use]
    pub fn violations(&self) -> Vec<Seen> {
        lock(&self.world.hazards).seen().to_vec()
    }

    /// What has been made and not ended.
    #[must_use]
    pub fn outstanding(&self) -> Outstanding {
        let (frames, mappings, reservations) = lock(&self.shared.memory).outstanding();
        Outstanding {
            frames,
            mappings,
            reservations,
            pinned: lock(&self.pinned).len(),
            streams: lock(&self.streams).len(),
            events: lock(&self.world.events).len(),
            modules: lock(&self.code).modules.len(),
        }
    }

    fn error(&self, kind: ErrorKind, message: &'static str, call: Call) -> Error {
        Error::new(kind, message).with("device", &self.properties.name).with("call", format_args!("{call:?}"))
    }

    fn lost(&self, call: Call) -> Error {
        self.error(ErrorKind::Lost, "the device is lost", call)
    }

    fn invalid(&self, message: &'static str, call: Call) -> Error {
        self.error(ErrorKind::Device, message, call)
    }

    /// Opens a call: whether a sticky fault strikes when its work runs.
    fn begin(&self, call: Call) -> Result<bool> {
        if self.is_lost() {
            return Err(self.lost(call));
        }
        match lock(&self.shared.faults).strikes(call) {
            None => Ok(false),
            Some(Fault::OutOfMemory) => Err(self.error(ErrorKind::OutOfMemory, "planned", call)),
            Some(Fault::Failure) => Err(self.error(ErrorKind::Device, "planned", call)),
            Some(Fault::Sticky) if call.queues() => Ok(true),
            Some(Fault::Sticky | Fault::Lost) => {
                self.world.strike(&self.shared);
                Err(self.lost(call))
            }
        }
    }

    fn named<T>(&self, call: Call, result: Result<T>) -> Result<T> {
        result.map_err(|error| {
            error.with("device", &self.properties.name).with("call", format_args!("{call:?}"))
        })
    }

    fn event(&self, event: RawEvent, call: Call) -> Result<Arc<Flag>> {
        let found = lock(&self.world.events).get(&event.0).cloned();
        found.ok_or_else(|| self.invalid("no such event", call))
    }

    /// The parts of a device range, for the book of uses.
    fn accesses(&self, of: &Shared, at: Address, len: u64, writes: bool, call: Call) -> Result<Vec<Access>> {
        let parts = lock(&of.memory).resolve(at, len);
        let parts = parts.ok_or_else(|| self.invalid("nothing is mapped at these addresses", call))?;
        let place = Place::Device(of.number);
        Ok(parts.into_iter().map(|(at, len)| Access { place, range: at..at + len, writes }).collect())
    }

    /// Puts work on a stream.
    fn submit(
        &self,
        call: Call,
        strike: bool,
        stream: RawStream,
        accesses: &[Access],
        work: Work,
    ) -> Result<()> {
        let streams = lock(&self.streams);
        let queue = streams.get(&stream.0).ok_or_else(|| self.invalid("no such stream", call))?;
        let mut hazards = lock(&self.world.hazards);
        // What comes to a lost device is never done.
        if !self.is_lost() {
            hazards.submit(stream.0, &format!("{call:?}"), accesses);
        }
        drop(hazards);
        if strike {
            queue.line.submit(Work::Strike);
        }
        queue.line.submit(work);
        Ok(())
    }

    fn seal(&self, from: *const u8, len: u64) -> Option<u64> {
        self.shared.spec.seals.then(|| checksum(Bytes(from as u64), len))
    }
}

fn properties(spec: &SimSpec, number: usize) -> Properties {
    Properties {
        name: format!("sim:{number}"),
        model: "stratal simulator".into(),
        memory_bytes: spec.memory_bytes,
        granularity_bytes: memory::GRANULARITY,
        capability: (0, 0),
        multiprocessors: 1,
        block_threads_max: 1024,
        shared_bytes_max: 48 << 10,
    }
}

fn host_access(at: u64, len: u64, writes: bool) -> Access {
    Access { place: Place::Host, range: at..at + len, writes }
}

impl Driver for Sim {
    fn properties(&self) -> &Properties {
        &self.properties
    }

    fn memory(&self) -> Result<MemoryInfo> {
        self.begin(Call::Memory)?;
        let free_bytes = lock(&self.shared.memory).free_bytes();
        Ok(MemoryInfo { free_bytes, total_bytes: self.shared.spec.memory_bytes })
    }

    fn is_lost(&self) -> bool {
        self.shared.lost.load(Ordering::Acquire)
    }

    fn family(&self) -> u64 {
        self.world.id
    }

    fn turns(&self) -> &Mutex<()> {
        &self.world.turns
    }

    fn peer_token(&self) -> u64 {
        self.shared.number as u64
    }

    fn reserve(&self, len: u64) -> Result<Address> {
        self.begin(Call::Reserve)?;
        self.named(Call::Reserve, lock(&self.shared.memory).reserve(len))
    }

    unsafe fn unreserve(&self, at: Address, len: u64) -> Result<()> {
        let begun = self.begin(Call::Unreserve);
        self.named(Call::Unreserve, lock(&self.shared.memory).unreserve(at, len))?;
        begun.map(drop)
    }

    fn create(&self, len: u64) -> Result<RawFrame> {
        self.begin(Call::Create)?;
        self.named(Call::Create, lock(&self.shared.memory).create(len))
    }

    unsafe fn destroy(&self, frame: RawFrame) -> Result<()> {
        let begun = self.begin(Call::Destroy);
        let (at, len) = self.named(Call::Destroy, lock(&self.shared.memory).destroy(frame))?;
        let place = Place::Device(self.shared.number);
        lock(&self.world.hazards).free("destroy", place, at..at + len, true);
        begun.map(drop)
    }

    unsafe fn map(&self, at: Address, frame: RawFrame, len: u64) -> Result<()> {
        self.begin(Call::Map)?;
        self.named(Call::Map, lock(&self.shared.memory).map(at, frame, len))
    }

    unsafe fn unmap(&self, at: Address, len: u64) -> Result<()> {
        let begun = self.begin(Call::Unmap);
        let mapping = self.named(Call::Unmap, lock(&self.shared.memory).unmap(at, len))?;
        let place = Place::Device(self.shared.number);
        lock(&self.world.hazards).free("unmap", place, mapping.at..mapping.at + mapping.len, false);
        begun.map(drop)
    }

    unsafe fn pin(&self, host: *mut u8, len: usize) -> Result<()> {
        self.begin(Call::Pin)?;
        lock(&self.pinned).insert(host as u64, len as u64);
        Ok(())
    }

    unsafe fn unpin(&self, host: *mut u8) -> Result<()> {
        let begun = self.begin(Call::Unpin);
        let (at, pinned) = (host as u64, lock(&self.pinned).remove(&(host as u64)));
        let len = pinned.ok_or_else(|| self.invalid("not pinned", Call::Unpin))?;
        lock(&self.world.hazards).free("unpin", Place::Host, at..at + len, true);
        begun.map(drop)
    }

    fn open_stream(&self) -> Result<RawStream> {
        self.begin(Call::OpenStream)?;
        let queue = Queue::open(&self.world, &self.shared).map_err(Error::from)?;
        let handle = self.world.handle();
        lock(&self.streams).insert(handle, queue);
        Ok(RawStream(handle))
    }

    unsafe fn close_stream(&self, stream: RawStream) -> Result<()> {
        let begun = self.begin(Call::CloseStream);
        let queue = lock(&self.streams).remove(&stream.0);
        // Its thread ends after its work, as a device's queue does.
        queue.ok_or_else(|| self.invalid("no such stream", Call::CloseStream))?.close();
        begun.map(drop)
    }

    fn open_event(&self) -> Result<RawEvent> {
        self.begin(Call::OpenEvent)?;
        let handle = self.world.handle();
        lock(&self.world.events).insert(handle, Arc::new(Flag::default()));
        Ok(RawEvent(handle))
    }

    unsafe fn close_event(&self, event: RawEvent) -> Result<()> {
        let begun = self.begin(Call::CloseEvent);
        let found = lock(&self.world.events).remove(&event.0);
        found.ok_or_else(|| self.invalid("no such event", Call::CloseEvent))?;
        lock(&self.world.hazards).close_event(event.0);
        begun.map(drop)
    }

    unsafe fn record(&self, event: RawEvent, stream: RawStream) -> Result<()> {
        let strike = self.begin(Call::Record)?;
        let flag = self.event(event, Call::Record)?;
        let number = flag.record(&self.shared);
        self.submit(Call::Record, strike, stream, &[], Work::Record { event: flag, number })?;
        lock(&self.world.hazards).record(event.0, stream.0);
        Ok(())
    }

    unsafe fn wait(&self, stream: RawStream, event: RawEvent) -> Result<()> {
        let strike = self.begin(Call::Wait)?;
        let flag = self.event(event, Call::Wait)?;
        let number = flag.recorded();
        lock(&self.world.hazards).wait(stream.0, event.0);
        self.submit(Call::Wait, strike, stream, &[], Work::Wait { event: flag, number })
    }

    unsafe fn is_past(&self, event: RawEvent) -> Result<bool> {
        self.begin(Call::IsPast)?;
        let past = self.event(event, Call::IsPast)?.is_past();
        if past {
            lock(&self.world.hazards).host_saw(event.0);
        }
        Ok(past)
    }

    unsafe fn wait_host(&self, event: RawEvent, timeout: Duration) -> Result<bool> {
        self.begin(Call::WaitHost)?;
        let flag = self.event(event, Call::WaitHost)?;
        let waited = flag.wait(flag.recorded(), Some(timeout));
        if self.is_lost() || waited == Waited::Dead {
            return Err(self.lost(Call::WaitHost));
        }
        if waited == Waited::Passed {
            lock(&self.world.hazards).host_saw(event.0);
        }
        Ok(waited == Waited::Passed)
    }

    unsafe fn upload(&self, to: Address, from: *const u8, len: u64, stream: RawStream) -> Result<()> {
        let strike = self.begin(Call::Upload)?;
        let mut accesses = self.accesses(&self.shared, to, len, true, Call::Upload)?;
        accesses.push(host_access(from as u64, len, false));
        let (to, seal) = (Bytes(to.0), self.seal(from, len));
        let work = Work::Copy { to, from: Bytes(from as u64), len, way: Way::Up, seal };
        self.submit(Call::Upload, strike, stream, &accesses, work)
    }

    unsafe fn download(&self, to: *mut u8, from: Address, len: u64, stream: RawStream) -> Result<()> {
        let strike = self.begin(Call::Download)?;
        let mut accesses = self.accesses(&self.shared, from, len, false, Call::Download)?;
        accesses.push(host_access(to as u64, len, true));
        let (to, from) = (Bytes(to as u64), Bytes(from.0));
        let work = Work::Copy { to, from, len, way: Way::Down, seal: None };
        self.submit(Call::Download, strike, stream, &accesses, work)
    }

    unsafe fn copy(&self, to: Address, from: Address, len: u64, stream: RawStream) -> Result<()> {
        let strike = self.begin(Call::Copy)?;
        let mut accesses = self.accesses(&self.shared, to, len, true, Call::Copy)?;
        accesses.extend(self.accesses(&self.shared, from, len, false, Call::Copy)?);
        let work = Work::Copy { to: Bytes(to.0), from: Bytes(from.0), len, way: Way::Inside, seal: None };
        self.submit(Call::Copy, strike, stream, &accesses, work)
    }

    unsafe fn copy_peer(
        &self,
        to: Address,
        peer: u64,
        from: Address,
        len: u64,
        stream: RawStream,
    ) -> Result<()> {
        let strike = self.begin(Call::CopyPeer)?;
        let other = self.world.devices.iter().find(|device| device.number as u64 == peer);
        let other = other.ok_or_else(|| self.invalid("no such neighbour", Call::CopyPeer))?;
        let mut accesses = self.accesses(&self.shared, to, len, true, Call::CopyPeer)?;
        accesses.extend(self.accesses(other, from, len, false, Call::CopyPeer)?);
        let work = Work::Copy { to: Bytes(to.0), from: Bytes(from.0), len, way: Way::Up, seal: None };
        self.submit(Call::CopyPeer, strike, stream, &accesses, work)
    }

    unsafe fn fill(&self, at: Address, byte: u8, len: u64, stream: RawStream) -> Result<()> {
        let strike = self.begin(Call::Fill)?;
        let accesses = self.accesses(&self.shared, at, len, true, Call::Fill)?;
        self.submit(Call::Fill, strike, stream, &accesses, Work::Fill { at: Bytes(at.0), byte, len })
    }

    fn compile(&self, _source: &Source<'_>) -> Result<Image> {
        self.begin(Call::Compile)?;
        Err(self.error(ErrorKind::Unsupported, "the simulator compiles no source", Call::Compile))
    }

    fn load(&self, code: &Code<'_>) -> Result<RawModule> {
        self.begin(Call::Load)?;
        let Code::Host(entries) = code else {
            let message = "the simulator runs functions of this process only";
            return Err(self.error(ErrorKind::Unsupported, message, Call::Load));
        };
        let mut code = lock(&self.code);
        let functions: Vec<u64> = entries.iter().map(|_| self.world.handle()).collect();
        code.functions.extend(functions.iter().copied().zip(entries.iter().cloned()));
        let module = self.world.handle();
        code.modules.insert(module, functions);
        Ok(RawModule(module))
    }

    unsafe fn unload(&self, module: RawModule) -> Result<()> {
        let begun = self.begin(Call::Unload);
        let mut code = lock(&self.code);
        let functions = code.modules.remove(&module.0);
        let functions = functions.ok_or_else(|| self.invalid("no such module", Call::Unload))?;
        code.functions.retain(|function, _| !functions.contains(function));
        begun.map(drop)
    }

    unsafe fn function(&self, module: RawModule, entry: &CStr) -> Result<RawFunction> {
        self.begin(Call::Function)?;
        let code = lock(&self.code);
        let functions = code.modules.get(&module.0);
        let functions = functions.ok_or_else(|| self.invalid("no such module", Call::Function))?;
        let is_it = |function: &&u64| {
            code.functions.get(function).is_some_and(|found| found.name.as_bytes() == entry.to_bytes())
        };
        functions.iter().find(is_it).copied().map(RawFunction).ok_or_else(|| {
            let error = self.error(ErrorKind::Missing, "the code has no such entry", Call::Function);
            error.with("entry", entry.to_string_lossy())
        })
    }

    unsafe fn launch(
        &self,
        function: RawFunction,
        geometry: &Geometry,
        arguments: &[u8],
        stream: RawStream,
    ) -> Result<()> {
        let mut strike = self.begin(Call::Launch)?;
        let entry = lock(&self.code).functions.get(&function.0).cloned();
        let entry = entry.ok_or_else(|| self.invalid("no such function", Call::Launch))?;
        let threads = geometry.block.iter().map(|&n| u64::from(n)).product::<u64>();
        if threads == 0 || threads > 1024 || geometry.grid.contains(&0) {
            return Err(self.invalid("no such geometry", Call::Launch));
        }
        let (mut accesses, mut reached) = (Vec::new(), Vec::new());
        for pointer in &entry.pointers {
            let end = pointer.offset.saturating_add(8);
            let bytes = arguments.get(pointer.offset..end).and_then(|bytes| bytes.try_into().ok());
            let bytes = bytes.ok_or_else(|| self.invalid("too few bytes of arguments", Call::Launch))?;
            let at = Address(u64::from_le_bytes(bytes));
            match self.world.devices.iter().find_map(|of| Some((of, lock(&of.memory).resolve(at, 1)?))) {
                Some((of, _)) => {
                    accesses.extend(self.accesses(of, at, 1, pointer.writes, Call::Launch)?);
                    if pointer.writes {
                        let place = Place::Device(of.number);
                        let reach = lock(&of.memory).reach(at);
                        reached.extend(reach.into_iter().map(|(at, len)| (place, at..at + len)));
                    }
                }
                // An illegal address ends a device.
                None => strike |= at.0 != 0,
            }
        }
        let work = Work::Launch { kernel: entry.run, geometry: *geometry, arguments: arguments.to_vec() };
        self.submit(Call::Launch, strike, stream, &accesses, work)?;
        let mut hazards = lock(&self.world.hazards);
        reached.into_iter().for_each(|(place, range)| hazards.presume(place, range));
        Ok(())
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        // Work uses the memory that goes with the device.
        let queues: Vec<Queue> = lock(&self.streams).drain().map(|(_, queue)| queue).collect();
        for thread in queues.into_iter().filter_map(Queue::close) {
            // A kernel that panicked has been told of on the error output already.
            let _ = thread.join();
        }
    }
}
