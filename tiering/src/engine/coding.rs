//! Chunks that are encoded on their way to the store and decoded on their way back, as the worker sees them.
//!
//! Each passes through a scratch block of the budget, which the flight over the store owns in its turn:
//!
//! ```text
//! spill   block ──coder──> scratch ──flight──> extent, as long as what was made
//! fill    extent ──flight──> scratch ──coder──> block
//! ```
//!
//! Invariant: the chunk's own block waits here, or with a coder, until its transfer has ended. Without a scratch block
//! chunks are spilled as they are; an engine that encrypts has some from its start.

use super::catalogue::WindowPlace;
use super::coders::{Coders, Contents, Job, Made, Outcome};
use super::room::{Room, Urgency};
use super::state::{Core, Shared};
use super::worker::{Errand, Outbox, Outgoing, Place, Worker};
use crate::device::host::{Block, FRAME_BYTES};
use crate::error::{Error, ErrorKind, Result};
use crate::io::{Lane, Op};
use crate::object::ChunkKey;
use crate::policy::Codec;
use crate::residency::state::ExtentSlot;
use crate::store::codec::pay::Paces;
use crate::store::codec::{Form, Sealer};
use crate::store::{Place as Spot, Written};
use crate::tier::TenantId;
use crate::transfer::FileSpan;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// Scratch may take this part of the budget, and at most this many blocks.
const SCRATCH_SHARE: u64 = 8;
const SCRATCH_MAX: usize = 16;

/// A chunk that waits for a scratch block.
#[derive(Debug)]
pub(super) enum Coded {
    /// To be encoded and written to the extent that its slot will get.
    Spill { key: ChunkKey, slot: ExtentSlot, contents: Contents, block: Block, lane: Lane },
    /// To be read and decoded.
    Fill {
        key: ChunkKey,
        contents: Contents,
        written: Written,
        place: Spot,
        block: Block,
        lane: Lane,
        seat: Option<WindowPlace>,
    },
}

/// A chunk whose scratch block is on its way, or with a decoder after that.
#[derive(Debug)]
struct Underway {
    /// The chunk's block, unless a decoder has it.
    block: Option<Block>,
    offset: u64,
    contents: Contents,
    written: Written,
    seat: Option<WindowPlace>,
    since: Instant,
    /// Flights of the driver when this one started, itself included.
    abreast: u64,
}

/// The worker's part of coding.
#[derive(Debug, Default)]
pub(super) struct Coding {
    coders: Option<Coders>,
    sealer: Option<Arc<Sealer>>,
    scratch: Vec<Block>,
    /// Scratch blocks there are, in use or not.
    blocks: usize,
    /// How many there shall be.
    wanted: usize,
    waiting: VecDeque<Coded>,
    underway: HashMap<ChunkKey, Underway>,
    paces: Paces,
}

impl Worker {
    /// Takes the memory for coding before anybody else has any, where the policy asks for it.
    ///
    /// # Errors
    /// `Budget` where the budget has no room for it; `Io` where the system gives no threads or no random bytes.
    pub(super) fn prepare_coding(&mut self) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        if shared.policy.encrypt() {
            self.coding.sealer = Some(Arc::new(Sealer::new()?));
        }
        let idle = !shared.policy.encrypt() && shared.policy.codec() == Codec::Raw;
        if idle && !shared.lock().coding {
            return Ok(());
        }
        let budget_bytes = shared.lock().pool.budget_bytes();
        self.start_coders(budget_bytes)?;
        while self.coding.blocks < self.coding.wanted {
            let mut core = shared.lock();
            let (nobody, bytes) = (TenantId::default(), FRAME_BYTES as u64);
            match shared.make_room(&mut core, &mut Outbox::default(), nobody, bytes, Urgency::Demand)? {
                Room::Block(block) => self.add_scratch(&mut core, block),
                Room::Grow => {
                    drop(core);
                    self.grow();
                }
                Room::Leaving | Room::Full => {
                    let message =
                        format!("coding needs {FRAME_BYTES} bytes of the budget, and more for tensors");
                    return Err(Error::new(ErrorKind::Budget, message).with("tier", shared.host_name()));
                }
            }
        }
        Ok(())
    }

    fn start_coders(&mut self, budget_bytes: u64) -> Result<()> {
        if self.coding.coders.is_some() {
            return Ok(());
        }
        let coders = Coders::start(self.coding.sealer.clone(), &self.io.waker())?;
        let share = budget_bytes / SCRATCH_SHARE / FRAME_BYTES as u64;
        self.coding.wanted = (share as usize).clamp(1, SCRATCH_MAX);
        self.coding.paces.workers = coders.count();
        self.coding.coders = Some(coders);
        Ok(())
    }

    fn add_scratch(&mut self, core: &mut Core, block: Block) {
        core.staging_bytes += block.bytes() as u64;
        self.coding.scratch.push(block);
        self.coding.blocks += 1;
    }

    /// Takes in what coders have done: starts the flights of what was encoded, ends the fills of what was decoded.
    pub(super) fn take_coded(&mut self, core: &mut Core, outbox: &mut Outbox) {
        let outcomes: Vec<_> = self.coding.coders.iter().flat_map(Coders::outcomes).collect();
        for outcome in outcomes {
            let Outcome { key, contents, block, scratch, lane, ns, made } = outcome;
            match made {
                Made::Decoded(result) => {
                    self.coding.paces.decode.note(u64::from(contents.bytes), ns);
                    self.coding.scratch.push(scratch);
                    let counters = &self.shared.counters;
                    counters.checksum_mismatches.add(u64::from(result.is_err()));
                    let Some(Underway { offset, seat, .. }) = self.coding.underway.remove(&key) else {
                        continue;
                    };
                    let mut block = block;
                    let seated = |()| seat.map_or(Ok(()), |seat| seat.take(&mut block));
                    let result = result.map_err(|error| error.with("offset", offset)).and_then(seated);
                    self.shared.fill_ended(core, key, block, result);
                }
                Made::Encoded(result) => {
                    self.coding.paces.encode.note(u64::from(contents.bytes), ns);
                    self.write_coded(core, outbox, (key, lane), block, scratch, result);
                }
            }
        }
    }

    /// A chunk was encoded: writes what was made of it, or the chunk as it is where that is better.
    fn write_coded(
        &mut self,
        core: &mut Core,
        outbox: &mut Outbox,
        (key, lane): (ChunkKey, Lane),
        block: Block,
        mut scratch: Block,
        encoded: Result<Option<Written>>,
    ) {
        let Some(slot) = core.table.get(key).and_then(|chunk| chunk.draining_to()) else {
            self.coding.scratch.push(scratch);
            return self.shared.spill_ended(core, key, block, Ok(Written::default()));
        };
        let encoded = encoded.map(|written| written.filter(|written| self.pays(core, key, written)));
        let (written, bytes) = match encoded {
            Err(error) => {
                self.coding.scratch.push(scratch);
                return self.shared.spill_ended(core, key, block, Err(error));
            }
            Ok(Some(written)) if matches!(written.form, Form::Constant(_)) => {
                self.coding.scratch.push(scratch);
                return self.shared.spill_ended(core, key, block, Ok(written));
            }
            Ok(Some(written)) => (Some(written), u64::from(written.bytes)),
            Ok(None) => (None, block.bytes() as u64),
        };
        let extended = core.store.as_mut().map(|store| store.extend(slot, bytes));
        let place = match extended {
            Some(Ok(place)) => place,
            refused => {
                let missing = || Err(Error::new(ErrorKind::NoSpace, "there is no store to spill to"));
                self.coding.scratch.push(scratch);
                let error = refused.unwrap_or_else(missing).map(drop);
                return self.shared.spill_ended(core, key, block, error.map(|()| Written::default()));
            }
        };
        let contents = Contents::of(core, key);
        let Some(written) = written else {
            self.coding.scratch.push(scratch);
            return outbox.push(Outgoing::spill(key, contents, place, block, lane));
        };
        let counters = &self.shared.counters;
        counters.bytes_encoded.add(u64::from(contents.bytes));
        counters.bytes_saved.add(u64::from(contents.bytes.saturating_sub(written.bytes)));
        if let Some(padding) = scratch.as_mut_slice().get_mut(written.bytes as usize..place.len as usize) {
            // The block may hold another chunk's bytes from before, in the clear.
            padding.fill(0);
        }
        self.depart(key, block, place.offset, contents, written, None);
        outbox.push(Outgoing {
            errand: Errand::SpillCoded(key),
            op: Op::Write,
            place: Place::Store(place.disk),
            span: FileSpan { offset: place.offset, len: place.len as u32, need: place.len as u32 },
            block: scratch,
            lane,
            seat: None,
        });
    }

    fn depart(
        &mut self,
        key: ChunkKey,
        block: Block,
        offset: u64,
        contents: Contents,
        written: Written,
        seat: Option<WindowPlace>,
    ) {
        let (since, abreast) = (Instant::now(), self.io.in_flight() as u64 + 1);
        let underway = Underway { block: Some(block), offset, contents, written, seat, since, abreast };
        self.coding.underway.insert(key, underway);
    }

    /// Whether what was made is worth having, which the tensor remembers. Lossy and sealed bytes are never a matter of
    /// time.
    fn pays(&self, core: &mut Core, key: ChunkKey, written: &Written) -> bool {
        let contents = Contents::of(core, key);
        if contents.codec != Codec::Lossless || written.seal.is_some() {
            return true;
        }
        let ratio = f64::from(written.bytes) / f64::from(contents.bytes.max(1));
        let pays = self.coding.paces.pays(ratio);
        if let Some(object) = core.catalogue.get_mut(key.object) {
            object.habit.note(pays);
        }
        pays
    }

    /// Gives waiting chunks to coders and flights while there are scratch blocks and driver room.
    pub(super) fn start_coding(&mut self, core: &mut Core, outbox: &mut Outbox) {
        self.coding.waiting.extend(outbox.coded.drain(..));
        if self.coding.waiting.is_empty() {
            return;
        }
        let under_way = self.io.in_flight() + self.backlog.len() + outbox.outgoing.len();
        let mut room = self.io.capacity().saturating_sub(under_way);
        while let Some(coded) = self.coding.waiting.pop_front() {
            let Some(scratch) = self.coding.scratch.pop() else {
                match self.go_without(core, outbox, coded) {
                    Some(coded) => return self.coding.waiting.push_front(coded),
                    None => continue,
                }
            };
            match coded {
                Coded::Spill { key, contents, block, lane, .. } => {
                    self.code(core, Job::Encode { key, contents, source: block, scratch, lane });
                }
                fill if room == 0 => {
                    self.coding.scratch.push(scratch);
                    return self.coding.waiting.push_front(fill);
                }
                Coded::Fill { key, contents, written, place, block, lane, seat } => {
                    room -= 1;
                    self.depart(key, block, place.offset, contents, written, seat);
                    outbox.push(Outgoing {
                        errand: Errand::FillCoded(key),
                        op: Op::Read,
                        place: Place::Store(place.disk),
                        span: FileSpan { offset: place.offset, len: place.len as u32, need: written.bytes },
                        block: scratch,
                        lane,
                        seat: None,
                    });
                }
            }
        }
    }

    /// A spill for which there is no scratch block at all goes as it is, unless that would be in the clear. Anything
    /// else waits.
    fn go_without(&mut self, core: &mut Core, outbox: &mut Outbox, coded: Coded) -> Option<Coded> {
        let Coded::Spill { key, slot, contents, block, lane } = coded else { return Some(coded) };
        if self.coding.blocks > 0 || self.coding.sealer.is_some() {
            return Some(Coded::Spill { key, slot, contents, block, lane });
        }
        let Some(extended) = core.store.as_mut().map(|store| store.extend(slot, block.bytes() as u64)) else {
            return Some(Coded::Spill { key, slot, contents, block, lane });
        };
        match extended {
            Ok(place) => outbox.push(Outgoing::spill(key, contents, place, block, lane)),
            Err(error) => self.shared.spill_ended(core, key, block, Err(error)),
        }
        None
    }

    fn code(&mut self, core: &mut Core, job: Job) {
        let Some(coders) = &self.coding.coders else { return self.refuse(core, job) };
        if let Err(job) = coders.submit(job) {
            self.refuse(core, job);
        }
    }

    /// No coder is left: the chunk is as it was.
    fn refuse(&mut self, core: &mut Core, job: Job) {
        let error = Error::new(ErrorKind::Io, "no thread is left to encode and decode");
        match job {
            Job::Encode { key, source, scratch, .. } => {
                self.coding.scratch.push(scratch);
                self.shared.spill_ended(core, key, source, Err(error));
            }
            Job::Decode { key, target, scratch, .. } => {
                self.coding.scratch.push(scratch);
                self.coding.underway.remove(&key);
                self.shared.fill_ended(core, key, target, Err(error));
            }
        }
    }

    /// Once a tensor has a codec, takes scratch blocks out of the budget until there are as many as wanted, before
    /// requests take the room that there is.
    pub(super) fn provide_scratch(&mut self, core: &mut Core, outbox: &mut Outbox) {
        if !core.coding {
            return;
        }
        let shared = Arc::clone(&self.shared);
        if let Err(error) = self.start_coders(core.pool.budget_bytes()) {
            core.coding = false;
            return shared.event("no coders", &error);
        }
        while self.coding.blocks < self.coding.wanted {
            let (nobody, bytes) = (TenantId::default(), FRAME_BYTES as u64);
            match shared.make_room(core, outbox, nobody, bytes, Urgency::Demand) {
                Ok(Room::Block(block)) => self.add_scratch(core, block),
                Ok(Room::Grow) => return self.growing = true,
                Ok(Room::Leaving | Room::Full) | Err(_) => return,
            }
        }
    }

    /// The flight of a scratch block has ended: a spill is done, a fill goes on to a coder.
    pub(super) fn coded_landed(
        &mut self,
        core: &mut Core,
        errand: Errand,
        scratch: Block,
        result: Result<u32>,
    ) {
        let (Errand::SpillCoded(key) | Errand::FillCoded(key)) = errand else { return };
        let taken = self.coding.underway.get_mut(&key).and_then(|underway| {
            let ns = u64::try_from(underway.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let pace_ns = ns / underway.abreast.max(1);
            Some((underway.block.take()?, underway.contents, underway.written, pace_ns))
        });
        let Some((block, contents, written, pace_ns)) = taken else {
            return self.coding.scratch.push(scratch);
        };
        let bytes = u64::from(written.bytes);
        match (errand, result) {
            (Errand::SpillCoded(_), result) => {
                if result.is_ok() {
                    self.coding.paces.write.note(bytes, pace_ns);
                }
                self.coding.scratch.push(scratch);
                self.coding.underway.remove(&key);
                self.shared.spill_ended(core, key, block, result.map(|_| written));
            }
            (_, Ok(_)) => {
                self.coding.paces.read.note(bytes, pace_ns);
                self.shared.counters.bytes_verified.add(bytes);
                self.code(core, Job::Decode { key, contents, written, target: block, scratch });
            }
            (_, Err(error)) => {
                self.coding.scratch.push(scratch);
                self.coding.underway.remove(&key);
                self.shared.fill_ended(core, key, block, Err(error));
            }
        }
    }
}

impl Contents {
    /// What the chunk holds, and how its tensor wants it stored.
    pub(super) fn of(core: &Core, key: ChunkKey) -> Self {
        let object = core.catalogue.get(key.object);
        Self {
            bytes: object.map_or(0, |object| object.placement.chunk_bytes(key.chunk) as u32),
            width: object.map_or(1, |object| object.element_align.clamp(1, 16) as u8),
            codec: object.map_or(Codec::Raw, |object| object.codec),
        }
    }
}

impl Shared {
    /// Whether the next spill of a chunk is to be encoded. Counts it against the tensor's habit.
    pub(super) fn is_coded(&self, core: &mut Core, key: ChunkKey) -> bool {
        let encrypt = self.policy.encrypt();
        let Some(object) = core.catalogue.get_mut(key.object) else { return encrypt };
        encrypt
            || match object.codec {
                Codec::Raw => false,
                Codec::Lossless => object.habit.try_next(),
                Codec::Bf16 | Codec::F16 | Codec::Int8 => true,
            }
    }
}
