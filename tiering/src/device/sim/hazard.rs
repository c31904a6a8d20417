//! What a device would not tell: uses that no stream, event or wait of the host orders.
//!
//! Every stream has a clock that counts its work; an event carries the clock of the moment it was recorded at, a wait
//! merges it into another stream's, and a wait of the host merges it into the host's, which everything submitted later
//! knows. Work that touches bytes must know of the last write there, and a write of every read since; what does not is
//! a violation, whether or not it went well this time.
//!
//! Invariant: answers depend on what was submitted and waited for, never on how fast anything ran.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// Host ranges that are remembered before those are forgotten whose uses have ended.
const HOST_RECORDS: usize = 512;

/// What was done in no order, or to bytes that were not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// Bytes were read that nothing ever wrote.
    Unwritten,
    /// Work that no order puts after a write reads or writes the same bytes: used before they arrived.
    Early,
    /// A write that no order puts after a read of the same bytes: overwritten before the last use.
    Overwritten,
    /// Bytes were unmapped or unpinned before their last use had ended.
    Freed,
    /// Host bytes changed between the submission of a copy and the copy.
    Changed,
}

/// A violation and where it was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What happened.
    pub violation: Violation,
    /// Which call, stream and bytes.
    pub detail: String,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.violation, self.detail)
    }
}

/// A moment: for each stream, how much of its work has been seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock(BTreeMap<u64, u64>);

impl Clock {
    pub(super) fn merge(&mut self, other: &Self) {
        for (&stream, &tick) in &other.0 {
            let mine = self.0.entry(stream).or_default();
            *mine = (*mine).max(tick);
        }
    }

    fn knows(&self, epoch: Epoch) -> bool {
        self.0.get(&epoch.stream).is_some_and(|&tick| tick >= epoch.tick)
    }
}

/// One piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Epoch {
    stream: u64,
    tick: u64,
}

/// Which memory a range is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The file of the device with this number.
    Device(usize),
    /// The host, by address.
    Host,
}

/// Bytes that work touches.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) place: Place,
    pub(super) range: Range<u64>,
    pub(super) writes: bool,
}

#[derive(Clone, Debug, Default)]
struct Record {
    end: u64,
    write: Option<Epoch>,
    reads: Vec<Epoch>,
    /// A kernel may have written it: which bytes it wrote, nobody knows.
    presumed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Hazards {
    streams: BTreeMap<u64, Clock>,
    events: BTreeMap<u64, Clock>,
    host: Clock,
    records: BTreeMap<(Place, u64), Record>,
    seen: Vec<Seen>,
}

impl Hazards {
    pub(super) fn seen(&self) -> &[Seen] {
        &self.seen
    }

    pub(super) fn note(&mut self, violation: Violation, detail: String) {
        self.seen.push(Seen { violation, detail });
    }

    /// Work enters a stream; `what` names it.
    pub(super) fn submit(&mut self, stream: u64, what: &str, accesses: &[Access]) {
        let host = self.host.clone();
        let clock = self.streams.entry(stream).or_default();
        clock.merge(&host);
        let tick = clock.0.entry(stream).or_default();
        *tick += 1;
        let epoch = Epoch { stream, tick: *tick };
        let clock = clock.clone();
        for access in accesses {
            self.touch(epoch, &clock, what, access);
        }
    }

    fn touch(&mut self, epoch: Epoch, clock: &Clock, what: &str, access: &Access) {
        self.split(access.place, access.range.start);
        self.split(access.place, access.range.end);
        let (mut at, mut gap) = (access.range.start, false);
        let mut found = Vec::new();
        let keys: Vec<u64> = self.within(access.place, &access.range);
        for start in keys {
            gap |= start > at;
            let Some(record) = self.records.get_mut(&(access.place, start)) else { continue };
            gap |= record.write.is_none() && !record.presumed;
            at = record.end;
            if record.write.is_some_and(|write| !clock.knows(write)) {
                found.push(Violation::Early);
            }
            if access.writes && record.reads.iter().any(|&read| !clock.knows(read)) {
                found.push(Violation::Overwritten);
            }
            if !access.writes {
                record.reads.retain(|read| read.stream != epoch.stream);
                record.reads.push(epoch);
            }
        }
        gap |= at < access.range.end;
        if gap && !access.writes && access.place != Place::Host {
            found.push(Violation::Unwritten);
        }
        if access.writes || access.place == Place::Host {
            self.replace(epoch, access);
        }
        found.dedup();
        for violation in found {
            let Range { start, end } = access.range;
            let verb = if access.writes { "writes" } else { "reads" };
            let stream = epoch.stream;
            self.note(
                violation,
                format!("{what} on stream {stream} {verb} {:?} {start:#x}..{end:#x}", access.place),
            );
        }
    }

    /// One record over the whole range: of its writer, or of a reader of host bytes, which need no writer.
    fn replace(&mut self, epoch: Epoch, access: &Access) {
        let keys = self.within(access.place, &access.range);
        let mut reads = Vec::new();
        let mut write = access.writes.then_some(epoch);
        let presumed = false;
        for start in keys {
            let Some(old) = self.records.remove(&(access.place, start)) else { continue };
            if !access.writes {
                write = write.or(old.write);
                reads.extend(old.reads);
            }
        }
        if !access.writes && !reads.contains(&epoch) {
            reads.push(epoch);
        }
        self.records.insert(
            (access.place, access.range.start),
            Record { end: access.range.end, write, reads, presumed },
        );
    }

    /// What a kernel that writes there may have written, as far as its pointer reaches: what nothing else wrote counts
    /// as written from now on, by nobody in particular.
    pub(super) fn presume(&mut self, place: Place, range: Range<u64>) {
        self.split(place, range.start);
        self.split(place, range.end);
        let mut at = range.start;
        for start in self.within(place, &range) {
            self.gap(place, at..start);
            let Some(record) = self.records.get_mut(&(place, start)) else { continue };
            record.presumed = true;
            at = record.end;
        }
        self.gap(place, at..range.end);
    }

    fn gap(&mut self, place: Place, range: Range<u64>) {
        if !range.is_empty() {
            let record = Record { end: range.end, presumed: true, ..Record::default() };
            self.records.insert((place, range.start), record);
        }
    }

    fn within(&self, place: Place, range: &Range<u64>) -> Vec<u64> {
        self.records.range((place, range.start)..(place, range.end)).map(|((_, start), _)| *start).collect()
    }

    /// Makes `at` the border of records.
    fn split(&mut self, place: Place, at: u64) {
        let before = self.records.range_mut((place, 0)..(place, at)).next_back();
        let Some((_, record)) = before.filter(|(_, record)| record.end > at) else { return };
        let second = record.clone();
        record.end = at;
        self.records.insert((place, at), second);
    }

    /// The bytes go: whatever touched them has to have ended, as the host knows it. Device bytes keep their content
    /// when they are unmapped; host bytes are forgotten.
    pub(super) fn free(&mut self, what: &str, place: Place, range: Range<u64>, forget: bool) {
        self.split(place, range.start);
        self.split(place, range.end);
        let mut early = false;
        for start in self.within(place, &range) {
            let Some(record) = self.records.get(&(place, start)) else { continue };
            early |= record.write.iter().chain(&record.reads).any(|&used| !self.host.knows(used));
            if forget {
                self.records.remove(&(place, start));
            }
        }
        if early {
            self.note(Violation::Freed, format!("{what} of {place:?} {:#x}..{:#x}", range.start, range.end));
        }
    }

    pub(super) fn record(&mut self, event: u64, stream: u64) {
        let mut clock = self.streams.entry(stream).or_default().clone();
        clock.merge(&self.host);
        self.events.insert(event, clock);
    }

    pub(super) fn wait(&mut self, stream: u64, event: u64) {
        if let Some(clock) = self.events.get(&event).cloned() {
            self.streams.entry(stream).or_default().merge(&clock);
        }
    }

    /// The host learnt that the event has passed.
    pub(super) fn host_saw(&mut self, event: u64) {
        if let Some(clock) = self.events.get(&event) {
            self.host.merge(clock);
        }
        if self.records.range((Place::Host, 0)..).nth(HOST_RECORDS).is_some() {
            let host = &self.host;
            self.records.retain(|(place, _), record| {
                let ended = record.write.iter().chain(&record.reads).all(|&used| host.knows(used));
                *place != Place::Host || !ended
            });
        }
    }

    pub(super) fn close_event(&mut self, event: u64) {
        self.events.remove(&event);
    }

    /// Nothing runs any more: the device is lost, or all its streams were waited for.
    pub(super) fn all_ended(&mut self) {
        for clock in self.streams.values() {
            self.host.merge(clock);
        }
    }
}

#[cfg(test)]
mod tests;
