//! What every driver does besides moving bytes: takes flights, decides which piece goes next, takes outcomes, ends
//! flights.
//!
//! Invariant: a flight is in the table from `submit` until its completion is handed out, and that happens only when
//! no piece of it is with the device. A piece with the device is in a table of its own, whose ticket names it there;
//! an outcome for a ticket that is no longer good changes nothing.
//!
//! ```text
//! submit ──> flights (table), due (lanes) ──depart──> device ──arrive──┬─> ready
//!                                  ^                                   │
//!                                  └──── the rest of a short piece ────┘
//! ```

use super::file::IoFile;
use super::files::Files;
use super::gate::Gate;
use super::lane::{Lane, Lanes};
use super::stats::DriverStats;
use super::table::{Table, Ticket};
use super::underway::{Piece, Underway};
use super::{Completion, FileSlot, Flight, IoBuf, Op};
use crate::error::{Error, ErrorKind, Result};
use std::io;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

/// Pieces with the device at once; the gate's tags keep it below.
pub(super) const PIECES_MAX: u32 = 256;

/// Part of the flights that only demands may use.
const DEMAND_RESERVE: usize = 8;

/// One attempt that the device is to make.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// Names it when it comes back.
    pub(super) ticket: Ticket,
    pub(super) op: Op,
    pub(super) slot: FileSlot,
    pub(super) file: Arc<IoFile>,
    pub(super) piece: Piece,
    /// First byte of the piece; stays valid until [`Queue::arrive`].
    pub(super) start: NonNull<u8>,
    /// The flight it belongs to.
    pub(super) flight: Ticket,
}

/// A piece with the device.
#[derive(Debug)]
struct Away {
    flight: Ticket,
    piece: Piece,
}

/// A flight and when it came.
#[derive(Debug)]
struct Held<B> {
    underway: Underway<B>,
    since: Duration,
}

/// Flights of one driver.
#[derive(Debug)]
pub(super) struct Queue<B> {
    files: Files,
    flights: Table<Held<B>>,
    away: Table<Away>,
    due: Lanes<Ticket>,
    gate: Gate,
    ready: Vec<Completion<B>>,
    /// Slots of detached files whose last flight has ended.
    freed: Vec<FileSlot>,
    bytes: u64,
    /// Flights under way in each direction, and since when there are any.
    busy: [(u32, Duration); 2],
    stats: Arc<DriverStats>,
}

impl<B: IoBuf> Queue<B> {
    /// Room for `capacity` flights.
    pub(super) fn new(capacity: u32) -> Self {
        let (gate, stats) = (Gate::new(), Arc::default());
        gate.report(&stats);
        Self {
            files: Files::default(),
            flights: Table::new(capacity),
            away: Table::new(PIECES_MAX),
            due: Lanes::default(),
            gate,
            ready: Vec::new(),
            freed: Vec::new(),
            bytes: 0,
            busy: [(0, Duration::ZERO); 2],
            stats,
        }
    }

    pub(super) fn attach(&mut self, file: Arc<IoFile>) -> Result<FileSlot> {
        self.files.attach(file)
    }

    /// True when the slot is free now.
    pub(super) fn detach(&mut self, slot: FileSlot) -> bool {
        self.files.detach(slot)
    }

    /// Slots that became free since the last call.
    pub(super) fn take_freed(&mut self) -> Vec<FileSlot> {
        std::mem::take(&mut self.freed)
    }

    pub(super) fn capacity(&self) -> usize {
        self.flights.capacity()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.flights.busy() + self.ready.len()
    }

    /// Flights that `lane` should still bring now.
    pub(super) fn room(&self, lane: Lane) -> usize {
        let free = self.capacity().saturating_sub(self.in_flight());
        if lane == Lane::Demand {
            return free;
        }
        let op = if lane == Lane::WriteBack { Op::Write } else { Op::Read };
        free.saturating_sub(self.capacity() / DEMAND_RESERVE).min(self.gate.room(op, self.bytes))
    }

    pub(super) fn fix_depth(&mut self, pieces: u32) {
        self.gate.fix(pieces);
        self.gate.report(&self.stats);
    }

    pub(super) fn stats(&self) -> &Arc<DriverStats> {
        &self.stats
    }

    /// Takes a flight and names it, or gives it back where there is no room; one that can never be carried out has
    /// ended already and has no name.
    #[allow(clippy::result_large_err, reason = "the flight goes back to its owner, buffer included")]
    pub(super) fn submit(
        &mut self,
        flight: Flight<B>,
        now: Duration,
    ) -> std::result::Result<Option<Ticket>, Flight<B>> {
        if self.in_flight() >= self.capacity() {
            return Err(flight);
        }
        let (lane, op, len) = (flight.lane, flight.op, u64::from(flight.len));
        let underway = match Underway::board(&mut self.files, flight) {
            Ok(underway) => underway,
            Err(completion) => {
                self.ready.push(completion);
                return Ok(None);
            }
        };
        match self.flights.insert(Held { underway, since: now }) {
            Ok(ticket) => {
                self.due.push(lane, ticket);
                self.gate.submitted(lane, op);
                self.bytes += len;
                self.begin(op, now);
                Ok(Some(ticket))
            }
            Err(held) => {
                let flight = held.underway.into_flight();
                self.land(flight.file);
                Err(flight)
            }
        }
    }

    /// The piece that goes to the device next, if any may.
    pub(super) fn depart(&mut self, now: Duration) -> Option<Attempt> {
        loop {
            let Self { due, flights, gate, .. } = self;
            let (lane, ticket) = due.take(|lane, ticket| {
                flights.get(*ticket).is_none_or(|held| {
                    let op = held.underway.flight().op;
                    gate.admits(lane, op, held.underway.next_len(gate.piece_bytes(op)), now)
                })
            })?;
            let Some(held) = self.flights.get_mut(ticket) else { continue };
            let most = self.gate.piece_bytes(held.underway.flight().op);
            let Some(piece) = held.underway.take(most) else { continue };
            // The gate's tags are fewer than the table's places.
            let attempt = away(&mut self.away, ticket, &held.underway, piece)?;
            if held.underway.has_more() {
                self.due.push_front(lane, ticket);
            }
            self.gate.went(lane, piece.len);
            return Some(attempt);
        }
    }

    /// A piece has come back from the device.
    pub(super) fn arrive(&mut self, ticket: Ticket, outcome: io::Result<u32>, now: Duration) {
        let Some(Away { flight: owner, piece }) = self.away.remove(ticket) else { return };
        let Some(held) = self.flights.get_mut(owner) else { return };
        let (lane, op) = (held.underway.flight().lane, held.underway.flight().op);
        let moved = outcome.as_ref().copied().unwrap_or(0);
        let had_more = held.underway.has_more();
        held.underway.advance(piece, outcome);
        let (more, over) = (held.underway.has_more(), held.underway.is_over());
        if more && !had_more {
            self.due.push_front(lane, owner);
        }
        let full = !self.due.is_empty();
        self.gate.came(lane, op, piece.len, moved, full, now);
        if over {
            self.end(owner, now);
        }
    }

    /// Gives a flight up: it ends with `Closed` now, or when the device has given its pieces back. Returns their
    /// tickets, `None` where no such flight is under way.
    pub(super) fn cancel(&mut self, tag: u64, now: Duration) -> Option<Vec<Ticket>> {
        let named = |(_, held): &(Ticket, &Held<B>)| held.underway.flight().tag == tag;
        let ticket = self.flights.iter().find(named).map(|(ticket, _)| ticket)?;
        self.abandon(ticket, now);
        Some(self.away.iter().filter(|(_, away)| away.flight == ticket).map(|(piece, _)| piece).collect())
    }

    /// Gives every flight up.
    pub(super) fn cancel_all(&mut self, now: Duration) {
        let tickets: Vec<_> = self.flights.iter().map(|(ticket, _)| ticket).collect();
        tickets.into_iter().for_each(|ticket| self.abandon(ticket, now));
    }

    fn abandon(&mut self, ticket: Ticket, now: Duration) {
        let Some(held) = self.flights.get_mut(ticket) else { return };
        held.underway.abandon(Error::new(ErrorKind::Closed, "the transfer was cancelled"));
        self.due.retain(|due| *due != ticket);
        self.stats.cancelled();
        if self.flights.get(ticket).is_some_and(|held| held.underway.is_over()) {
            self.end(ticket, now);
        }
    }

    fn begin(&mut self, op: Op, now: Duration) {
        let (flights, since) = &mut self.busy[op.index()];
        if *flights == 0 {
            *since = now;
        }
        *flights += 1;
        self.stats.began(self.flights.busy());
    }

    fn end(&mut self, ticket: Ticket, now: Duration) {
        let Some(Held { underway, since }) = self.flights.remove(ticket) else { return };
        let completion = underway.end();
        let flight = &completion.flight;
        let moved = completion.result.as_ref().copied().unwrap_or(0);
        self.gate.ended(flight.lane, flight.op, now);
        self.bytes = self.bytes.saturating_sub(u64::from(flight.len));
        let (under_way, busy_since) = &mut self.busy[flight.op.index()];
        *under_way = under_way.saturating_sub(1);
        if *under_way == 0 {
            self.stats.was_busy(flight.op, now.saturating_sub(*busy_since));
        }
        let (taken, left) = (now.saturating_sub(since), self.flights.busy());
        self.stats.ended(flight.lane, flight.op, u64::from(moved), taken, left);
        self.land(flight.file);
        self.ready.push(completion);
    }

    fn land(&mut self, slot: FileSlot) {
        if self.files.land(slot) {
            self.freed.push(slot);
        }
    }

    /// What has ended since the last call.
    pub(super) fn take_ready(&mut self, done: &mut Vec<Completion<B>>) {
        if !self.ready.is_empty() {
            self.gate.report(&self.stats);
            done.append(&mut self.ready);
        }
    }

    /// Flights that are with the device, in part at least.
    pub(super) fn away(&self) -> usize {
        self.away.busy()
    }

    /// The buffer's place in a registered region, moved on to the piece.
    pub(super) fn fixed_place(&self, attempt: &Attempt) -> Option<super::FixedPlace> {
        let held = self.flights.get(attempt.flight)?;
        let mut place = held.underway.flight().buf.fixed()?;
        place.address = place.address.checked_add(u64::from(attempt.piece.skip))?;
        Some(place)
    }

    /// Leaks every flight: the device may still move their bytes.
    pub(super) fn leak(&mut self) {
        std::mem::forget(std::mem::replace(&mut self.flights, Table::new(0)));
    }
}

/// Enters a piece in the table of what is with the device.
fn away<B: IoBuf>(
    table: &mut Table<Away>,
    flight: Ticket,
    underway: &Underway<B>,
    piece: Piece,
) -> Option<Attempt> {
    let ticket = table.insert(Away { flight, piece }).ok()?;
    let of = underway.flight();
    // `skip` is within the buffer: `board` checked it. The device writes through the address, not through us.
    let start = NonNull::new(of.buf.start().as_ptr().wrapping_add(piece.skip as usize))?;
    let (op, slot, file) = (of.op, of.file, Arc::clone(underway.file()));
    Some(Attempt { ticket, op, slot, file, piece, start, flight })
}

#[cfg(test)]
mod tests;
