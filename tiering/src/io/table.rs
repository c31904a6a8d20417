//! A table of fixed size whose entries are named by tickets that are good once.
//!
//! Invariant: a ticket holds a generation, so a completion that comes twice, or for a flight long gone, finds nothing.

/// Names one entry, also to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// Entries by ticket.
#[derive(Debug)]
pub(super) struct Table<T> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Entry<T> {
    generation: u32,
    item: Option<T>,
}

impl<T> Table<T> {
    pub(super) fn new(capacity: u32) -> Self {
        let entries = (0..capacity).map(|_| Entry { generation: 0, item: None }).collect();
        Self { entries, free: (0..capacity).rev().collect() }
    }

    pub(super) fn capacity(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn busy(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Takes an item in, or gives it back when the table is full.
    #[allow(clippy::result_large_err, reason = "the item goes back to its owner, buffer included")]
    pub(super) fn insert(&mut self, item: T) -> Result<Ticket, T> {
        let Some(index) = self.free.pop() else { return Err(item) };
        let entry = &mut self.entries[index as usize];
        entry.item = Some(item);
        Ok(Ticket { index, generation: entry.generation })
    }

    /// The item of a ticket that is still good.
    pub(super) fn get(&self, ticket: Ticket) -> Option<&T> {
        let entry = self.entries.get(ticket.index as usize)?;
        entry.item.as_ref().filter(|_| entry.generation == ticket.generation)
    }

    /// The item of a ticket that is still good.
    pub(super) fn get_mut(&mut self, ticket: Ticket) -> Option<&mut T> {
        let entry = self.entries.get_mut(ticket.index as usize)?;
        entry.item.as_mut().filter(|_| entry.generation == ticket.generation)
    }

    /// Takes the item of a ticket out; the ticket is void from now on.
    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<T> {
        self.get_mut(ticket)?;
        let entry = self.entries.get_mut(ticket.index as usize)?;
        // The numbers that a driver gives to submissions of its own lie at the top, which generations stay below.
        entry.generation = (entry.generation + 1) & (u32::MAX >> 1);
        self.free.push(ticket.index);
        entry.item.take()
    }

    /// Everything in it, by ticket.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Ticket, &T)> {
        let entries = self.entries.iter().enumerate();
        entries.filter_map(|(index, entry)| {
            // The table was made with a 32-bit size.
            let ticket = Ticket { index: index as u32, generation: entry.generation };
            Some((ticket, entry.item.as_ref()?))
        })
    }
}

#[cfg(test)]
mod tests;
