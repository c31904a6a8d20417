//! The flights that the ring carries: who owns each buffer while the kernel does.
//!
//! Invariant: an entry is emptied only by the completion of its own submission. The number the kernel hands back
//! holds a generation, so a completion that comes twice, or for a flight long gone, finds nothing.

use crate::io::underway::Underway;

/// Names one submission to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    index: u32,
    generation: u32,
}

impl Ticket {
    pub(super) fn to_user_data(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    pub(super) fn from_user_data(data: u64) -> Self {
        // Both halves fit by construction.
        Self { index: data as u32, generation: (data >> 32) as u32 }
    }
}

/// A table of flights under way, of fixed size.
#[derive(Debug)]
pub(super) struct Flights<B> {
    entries: Vec<Entry<B>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Entry<B> {
    generation: u32,
    underway: Option<Underway<B>>,
}

impl<B> Flights<B> {
    pub(super) fn new(capacity: u32) -> Self {
        let entries = (0..capacity).map(|_| Entry { generation: 0, underway: None }).collect();
        Self { entries, free: (0..capacity).rev().collect() }
    }

    pub(super) fn capacity(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn busy(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Takes a flight, or gives it back when the table is full.
    #[allow(clippy::result_large_err, reason = "the flight goes back to its owner, buffer included")]
    pub(super) fn insert(&mut self, underway: Underway<B>) -> Result<Ticket, Underway<B>> {
        let Some(index) = self.free.pop() else { return Err(underway) };
        let entry = &mut self.entries[index as usize];
        entry.underway = Some(underway);
        Ok(Ticket { index, generation: entry.generation })
    }

    /// The flight of a ticket that is still good.
    pub(super) fn get_mut(&mut self, ticket: Ticket) -> Option<&mut Underway<B>> {
        let entry = self.entries.get_mut(ticket.index as usize)?;
        entry.underway.as_mut().filter(|_| entry.generation == ticket.generation)
    }

    /// Takes the flight of a ticket out; the ticket is void from now on.
    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<Underway<B>> {
        self.get_mut(ticket)?;
        let entry = self.entries.get_mut(ticket.index as usize)?;
        // The wake and cancel submissions own the top of the number space, which generations stay below.
        entry.generation = (entry.generation + 1) & (u32::MAX >> 1);
        self.free.push(ticket.index);
        entry.underway.take()
    }
}

#[cfg(test)]
mod tests;
