//! Device bytes under one budget, handed out without asking the driver once they have been made.
//!
//! Memory is created in frames of the device's granularity and put at addresses by mapping. A large block is a window
//! of its own: whole frames, in order. Small blocks share windows of one frame, in units of 512 bytes. A window that is
//! free again keeps its frames and addresses for the next block of its size; when no window fits, free ones are taken
//! apart and their frames mapped anew, so memory does not fragment and no byte is ever copied for room.
//!
//! ```text
//! frames    [0][1][2][3][4]                      created once, budget counts them
//! windows   A: [0|3|1]   B: [4]   free: [2]      A grows: a longer window, the same frames
//! slab B    [block|block|  free  |block]         units of 512 bytes
//! ```
//!
//! Invariants: `created = in windows of blocks and slabs + in free windows + loose <= budget`; no two blocks overlap;
//! a free window remembers who used it last, and whoever gets its bytes comes after them (invariant 10), so freeing
//! never waits. Frames are unmapped only after the last use has ended, and no lock is held meanwhile.

use super::driver::{Address, Driver, RawFrame};
use super::lock::lock;
use super::order::Uses;
use super::slab::Slab;
use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Blocks above this are windows of whole frames.
const SMALL_BYTES_MAX: u64 = 1 << 20;
/// How long taking a window apart waits for its last use.
const DRAIN: Duration = Duration::from_secs(30);

/// Device memory under a budget; a handle that clones. Blocks keep it alive.
#[derive(Clone, Debug)]
pub struct DevicePool(Arc<Inner>);

/// What a pool holds. `created = used by large blocks + slabs + cached`; small blocks use part of the slabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DevicePoolStats {
    /// Most bytes that may be created.
    pub budget_bytes: u64,
    /// Bytes of frames that exist.
    pub created_bytes: u64,
    /// Bytes in blocks, as they are rounded: to 512 bytes, or to frames above 1 MiB.
    pub used_bytes: u64,
    /// The most of them at once.
    pub used_bytes_peak: u64,
    /// Bytes of frames that no block and no slab has.
    pub cached_bytes: u64,
}

/// Frames at consecutive addresses.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) at: Address,
    frames: Vec<RawFrame>,
    /// Who used its bytes last, when it is free.
    uses: Uses,
}

#[derive(Debug, Default)]
struct State {
    /// Frames at no address.
    loose: Vec<RawFrame>,
    /// Free windows by their number of frames.
    free: BTreeMap<usize, Vec<Window>>,
    /// Windows that small blocks share, by address.
    slabs: BTreeMap<Address, (Slab, Window)>,
    created: usize,
    used_bytes: u64,
    used_bytes_peak: u64,
}

#[derive(Debug)]
struct Inner {
    driver: Arc<dyn Driver>,
    frame_bytes: u64,
    frames_max: usize,
    state: Mutex<State>,
}

/// Where a block's bytes come from.
#[derive(Debug)]
enum Home {
    Slab { slab: Address, unit: usize, units: usize },
    Window(Window),
}

/// Device bytes; a handle that clones. The bytes go back to their pool with the last one, once their uses have ended.
#[derive(Clone)]
pub struct DeviceBlock(Arc<Held>);

struct Held {
    pool: Arc<Inner>,
    at: Address,
    len: u64,
    home: Option<Home>,
    uses: Mutex<Uses>,
}

impl DevicePool {
    /// A pool of at most `budget_bytes` of `driver`, rounded down to frames. Nothing is created yet.
    #[must_use]
    pub fn new(driver: &Arc<dyn Driver>, budget_bytes: u64) -> Self {
        let frame_bytes = driver.properties().granularity_bytes.max(1);
        let frames_max = usize::try_from(budget_bytes / frame_bytes).unwrap_or(usize::MAX);
        let (driver, state) = (Arc::clone(driver), Mutex::new(State::default()));
        Self(Arc::new(Inner { driver, frame_bytes, frames_max, state }))
    }

    /// The device.
    #[must_use]
    pub fn driver(&self) -> &Arc<dyn Driver> {
        &self.0.driver
    }

    /// A block of `len` bytes, aligned to 512 and above 1 MiB to a frame; its content is unknown.
    ///
    /// # Errors
    /// `Budget` when the pool could never hold it; `NoSpace` when blocks hold too much of the pool now, and
    /// `OutOfMemory` when the device has no more although the budget has: give blocks back and try again. `Deadline`
    /// when free memory is still in use; what the driver says.
    pub fn allocate(&self, len: u64) -> Result<DeviceBlock> {
        let len = len.max(1);
        let (home, at, uses) = if len <= SMALL_BYTES_MAX { self.0.small(len)? } else { self.0.large(len)? };
        Ok(DeviceBlock(Arc::new(Held {
            pool: Arc::clone(&self.0),
            at,
            len,
            home: Some(home),
            uses: Mutex::new(uses),
        })))
    }

    /// Bytes of the pool that a block of `len` bytes takes: a multiple of 512, above 1 MiB of the frame.
    #[must_use]
    pub fn footprint_bytes(&self, len: u64) -> u64 {
        let unit = if len <= SMALL_BYTES_MAX { Slab::UNIT_BYTES } else { self.0.frame_bytes };
        len.max(1).div_ceil(unit).saturating_mul(unit)
    }

    /// What the pool holds.
    #[must_use]
    pub fn stats(&self) -> DevicePoolStats {
        let state = lock(&self.0.state);
        let in_windows: usize = state.free.iter().map(|(frames, windows)| frames * windows.len()).sum();
        let bytes = |frames: usize| frames as u64 * self.0.frame_bytes;
        DevicePoolStats {
            budget_bytes: bytes(self.0.frames_max),
            created_bytes: bytes(state.created),
            used_bytes: state.used_bytes,
            used_bytes_peak: state.used_bytes_peak,
            cached_bytes: bytes(in_windows + state.loose.len()),
        }
    }

    /// Gives everything that no block holds back to the device; returns how many bytes.
    ///
    /// # Errors
    /// `Deadline` when some of it is still in use; what the driver says.
    pub fn trim(&self) -> Result<u64> {
        loop {
            let Some(window) = lock(&self.0.state).take_free() else { break };
            self.0.dismantle(window)?;
        }
        let loose = std::mem::take(&mut lock(&self.0.state).loose);
        self.0.destroy(loose)
    }
}

impl Inner {
    fn frames_for(&self, len: u64) -> usize {
        usize::try_from(len.div_ceil(self.frame_bytes)).unwrap_or(usize::MAX)
    }

    fn window_bytes(&self, frames: usize) -> u64 {
        (frames as u64).saturating_mul(self.frame_bytes)
    }

    fn error(&self, kind: ErrorKind, message: String) -> Error {
        Error::new(kind, message).with("device", &self.driver.properties().name)
    }

    fn large(&self, len: u64) -> Result<(Home, Address, Uses)> {
        let frames = self.frames_for(len);
        let mut window = self.window(frames)?;
        lock(&self.state).take(self.window_bytes(frames));
        let uses = std::mem::take(&mut window.uses);
        let at = window.at;
        Ok((Home::Window(window), at, uses))
    }

    fn small(&self, len: u64) -> Result<(Home, Address, Uses)> {
        if let Some(found) = lock(&self.state).small(len) {
            return Ok(found);
        }
        let window = self.window(1)?;
        let mut state = lock(&self.state);
        state.slabs.insert(window.at, (Slab::new(self.frame_bytes), window));
        let full = || self.error(ErrorKind::NoSpace, format!("no room for {len} bytes in a new slab"));
        state.small(len).ok_or_else(full)
    }

    fn fits(&self, frames: usize) -> Result<()> {
        if frames <= self.frames_max {
            return Ok(());
        }
        let (needs, holds) = (self.window_bytes(frames), self.window_bytes(self.frames_max));
        Err(self.error(ErrorKind::Budget, format!("needs {needs} bytes, the pool may hold {holds}")))
    }

    /// A window of `frames`, from those that are free, from new frames, or from the frames of other free windows.
    fn window(&self, frames: usize) -> Result<Window> {
        self.fits(frames)?;
        let mut refused = None;
        loop {
            let idle = {
                let mut state = lock(&self.state);
                if let Some(window) = state.free_of(frames) {
                    return Ok(window);
                }
                while state.loose.len() < frames && state.created < self.frames_max && refused.is_none() {
                    match self.driver.create(self.frame_bytes) {
                        Ok(frame) => {
                            state.created += 1;
                            state.loose.push(frame);
                        }
                        Err(error) if error.kind() == ErrorKind::OutOfMemory => refused = Some(error),
                        Err(error) => return Err(error),
                    }
                }
                if state.loose.len() >= frames {
                    let from = state.loose.len() - frames;
                    let taken = state.loose.split_off(from);
                    drop(state);
                    return self.map(taken);
                }
                state.take_free()
            };
            match idle {
                Some(window) => self.dismantle(window)?,
                None => return Err(self.full(frames, refused)),
            }
        }
    }

    fn full(&self, frames: usize, refused: Option<Error>) -> Error {
        refused.unwrap_or_else(|| {
            let used = lock(&self.state).used_bytes;
            let needs = self.window_bytes(frames);
            self.error(ErrorKind::NoSpace, format!("needs {needs} bytes while blocks hold {used}"))
        })
    }

    /// Puts frames at new addresses; on failure they are loose again.
    fn map(&self, frames: Vec<RawFrame>) -> Result<Window> {
        let len = self.window_bytes(frames.len());
        let at = match self.driver.reserve(len) {
            Ok(at) => at,
            Err(error) => {
                lock(&self.state).loose.extend(frames);
                return Err(error);
            }
        };
        for (nth, &frame) in frames.iter().enumerate() {
            let here = at.offset(self.window_bytes(nth));
            // SAFETY: the addresses were reserved just now, and each frame is at none.
            if let Err(error) = unsafe { self.driver.map(here, frame, self.frame_bytes) } {
                let mapped = Window { at, frames: frames[..nth].to_vec(), uses: Uses::default() };
                self.take_apart(&mapped, len);
                lock(&self.state).loose.extend(frames);
                return Err(error);
            }
        }
        Ok(Window { at, frames, uses: Uses::default() })
    }

    /// Moves a window to longer addresses and adds frames; on failure everything is where it was.
    fn lengthen(&self, window: &mut Window, more: Vec<RawFrame>) -> Result<()> {
        let before = window.frames.len();
        let frames: Vec<RawFrame> = window.frames.iter().chain(&more).copied().collect();
        let moved = self.driver.reserve(self.window_bytes(frames.len())).and_then(|at| {
            let longer = Window { at, frames, uses: Uses::default() };
            self.relocate(window, &longer, before).map(|()| longer)
        });
        match moved {
            Ok(longer) => {
                // SAFETY: every frame has left the old addresses. A driver that refuses keeps them.
                let _ = unsafe { self.driver.unreserve(window.at, self.window_bytes(before)) };
                *window = longer;
                Ok(())
            }
            Err(error) => {
                lock(&self.state).loose.extend(more);
                Err(error)
            }
        }
    }

    /// Maps all frames of `to`, of which the first `before` leave `from`.
    fn relocate(&self, from: &Window, to: &Window, before: usize) -> Result<()> {
        let step = |nth: usize, frame: RawFrame| {
            let (old, new) = (from.at.offset(self.window_bytes(nth)), to.at.offset(self.window_bytes(nth)));
            if nth < before {
                // SAFETY: the frame is mapped there, and its uses have ended.
                unsafe { self.driver.unmap(old, self.frame_bytes) }?;
            }
            // SAFETY: the addresses were reserved for this, and the frame is at none.
            unsafe { self.driver.map(new, frame, self.frame_bytes) }.inspect_err(|_| {
                if nth < before {
                    // SAFETY: the frame left that place just now. Should it not get back, the driver refuses its use.
                    let _ = unsafe { self.driver.map(old, frame, self.frame_bytes) };
                }
            })
        };
        for (nth, &frame) in to.frames.iter().enumerate() {
            let Err(error) = step(nth, frame) else { continue };
            let moved = Window { at: to.at, frames: to.frames[..nth].to_vec(), uses: Uses::default() };
            self.take_apart(&moved, self.window_bytes(to.frames.len()));
            for (nth, &frame) in moved.frames.iter().enumerate().take(before) {
                // SAFETY: as above.
                let _ = unsafe {
                    self.driver.map(from.at.offset(self.window_bytes(nth)), frame, self.frame_bytes)
                };
            }
            return Err(error);
        }
        Ok(())
    }

    /// Takes a free window apart, once its last use has ended.
    fn dismantle(&self, window: Window) -> Result<()> {
        if let Err(error) = window.uses.wait(DRAIN)
            && error.kind() != ErrorKind::Lost
        {
            lock(&self.state).give_free(window);
            return Err(error);
        }
        self.take_apart(&window, self.window_bytes(window.frames.len()));
        lock(&self.state).loose.extend(window.frames);
        Ok(())
    }

    /// Unmaps the frames of a window of `len` bytes and gives its addresses back.
    fn take_apart(&self, window: &Window, len: u64) {
        for nth in 0..window.frames.len() {
            // SAFETY: mapped there by this pool; nobody has the window, and its last use has ended.
            let _ = unsafe { self.driver.unmap(window.at.offset(self.window_bytes(nth)), self.frame_bytes) };
        }
        // SAFETY: the whole reservation, with nothing mapped in it. A driver that refuses keeps the addresses.
        let _ = unsafe { self.driver.unreserve(window.at, len) };
    }

    fn destroy(&self, frames: Vec<RawFrame>) -> Result<u64> {
        let (mut gone, mut result) = (0, Ok(()));
        for frame in frames {
            // SAFETY: loose frames are mapped nowhere.
            let destroyed = unsafe { self.driver.destroy(frame) };
            gone += self.frame_bytes;
            result = result.and(destroyed);
            lock(&self.state).created -= 1;
        }
        result.map(|()| gone)
    }
}

impl State {
    fn take(&mut self, bytes: u64) {
        self.used_bytes += bytes;
        self.used_bytes_peak = self.used_bytes_peak.max(self.used_bytes);
    }

    fn small(&mut self, len: u64) -> Option<(Home, Address, Uses)> {
        let found = self.slabs.iter_mut().find_map(|(&slab, (units, window))| {
            let (unit, units) = units.take(len)?;
            window.uses.prune();
            Some((slab, unit, units, window.uses.handed_on()))
        });
        let (slab, unit, units, uses) = found?;
        self.take(Slab::bytes(units));
        Some((Home::Slab { slab, unit, units }, slab.offset(Slab::bytes(unit)), uses))
    }

    fn free_of(&mut self, frames: usize) -> Option<Window> {
        let windows = self.free.get_mut(&frames)?;
        let window = windows.pop();
        if windows.is_empty() {
            self.free.remove(&frames);
        }
        window
    }

    /// The largest free window.
    fn take_free(&mut self) -> Option<Window> {
        let frames = *self.free.keys().next_back()?;
        self.free_of(frames)
    }

    fn give_free(&mut self, window: Window) {
        self.free.entry(window.frames.len()).or_default().push(window);
    }

    /// Takes the bytes of a block back.
    fn give(&mut self, home: Home, uses: Uses, frame_bytes: u64) {
        match home {
            Home::Window(mut window) => {
                self.used_bytes -= window.frames.len() as u64 * frame_bytes;
                window.uses.inherit(uses);
                self.give_free(window);
            }
            Home::Slab { slab, unit, units } => {
                self.used_bytes -= Slab::bytes(units);
                let Some((slots, window)) = self.slabs.get_mut(&slab) else { return };
                slots.give(unit, units);
                window.uses.inherit(uses);
                if slots.is_empty()
                    && let Some((_, window)) = self.slabs.remove(&slab)
                {
                    self.give_free(window);
                }
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // No block is left: each holds the pool.
        let mut patience = 3;
        loop {
            let Some(window) = lock(&self.state).take_free() else { break };
            let Err(error) = self.dismantle(window) else { continue };
            patience -= 1;
            if patience == 0 || error.kind() == ErrorKind::Deadline {
                // Still in use after half a minute, or no way to tell: the driver keeps what it may still write to.
                return;
            }
        }
        let loose = std::mem::take(&mut lock(&self.state).loose);
        let _ = self.destroy(loose);
    }
}

impl DeviceBlock {
    /// The pool that it comes from.
    #[must_use]
    pub fn pool(&self) -> DevicePool {
        DevicePool(Arc::clone(&self.0.pool))
    }

    /// The first byte.
    #[must_use]
    pub fn address(&self) -> Address {
        self.0.at
    }

    /// Bytes asked for.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a block has at least one byte")]
    pub fn len(&self) -> u64 {
        self.0.len
    }

    /// The device.
    #[must_use]
    pub fn driver(&self) -> &Arc<dyn Driver> {
        &self.0.pool.driver
    }

    /// Who used the bytes last; name it to [`Turn::uses`](super::Turn::uses) for work that uses them.
    #[must_use]
    pub fn uses(&self) -> &Mutex<Uses> {
        &self.0.uses
    }

    /// Waits until every use so far has ended.
    ///
    /// # Errors
    /// `Deadline`, and what the driver says.
    pub fn finish(&self, timeout: Duration) -> Result<()> {
        let uses = lock(&self.0.uses).handed_on();
        uses.wait(timeout)
    }

    /// The address of `len` bytes from `offset`.
    ///
    /// # Errors
    /// `Shape` when they are not all in the block.
    pub fn range(&self, offset: u64, len: u64) -> Result<Address> {
        match offset.checked_add(len) {
            Some(end) if end <= self.0.len => Ok(self.0.at.offset(offset)),
            _ => {
                let message = format!("{len} bytes from {offset} in a block of {} bytes", self.0.len);
                Err(Error::new(ErrorKind::Shape, message).with("device", &self.driver().properties().name))
            }
        }
    }

    /// A longer block with the same content: its frames are mapped into a longer window, and no byte is copied. Waits
    /// until every use has ended, for the address changes.
    ///
    /// # Errors
    /// The block comes back with `Conflict` when another handle of it exists, `Unsupported` when it is one of 1 MiB or
    /// less, and every error of [`DevicePool::allocate`].
    pub fn grow(self, len: u64) -> Result<Self, (Error, Self)> {
        let mut held = match Arc::try_unwrap(self.0) {
            Ok(held) => held,
            Err(shared) => {
                let error = Error::new(ErrorKind::Conflict, "another handle of the block exists");
                return Err((error, Self(shared)));
            }
        };
        match held.grow(len) {
            Ok(()) => Ok(Self(Arc::new(held))),
            Err(error) => Err((error, Self(Arc::new(held)))),
        }
    }
}

impl Held {
    fn grow(&mut self, len: u64) -> Result<()> {
        let pool = Arc::clone(&self.pool);
        let Some(Home::Window(window)) = &mut self.home else {
            return Err(pool.error(ErrorKind::Unsupported, "blocks that share a frame do not grow".into()));
        };
        let (before, after) = (window.frames.len(), pool.frames_for(len));
        if after > before {
            pool.fits(after)?;
            lock(&self.uses).handed_on().wait(DRAIN)?;
            let more = pool.window(after - before)?;
            pool.dismantle(more)?;
            let frames = {
                let mut state = lock(&pool.state);
                let from = state.loose.len().saturating_sub(after - before);
                state.loose.split_off(from)
            };
            pool.lengthen(window, frames)?;
            self.at = window.at;
            lock(&pool.state).take(pool.window_bytes(after - before));
        }
        self.len = self.len.max(len);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            let uses = std::mem::take(&mut *lock(&self.uses));
            lock(&self.pool.state).give(home, uses, self.pool.frame_bytes);
        }
    }
}

impl fmt::Debug for DeviceBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = &self.driver().properties().name;
        f.debug_struct("DeviceBlock")
            .field("device", device)
            .field("at", &self.0.at)
            .field("len", &self.0.len)
            .finish()
    }
}
