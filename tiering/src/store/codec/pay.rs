//! Whether encoding pays: for one object by how much its chunks shrink, for all by what the disk and the processor
//! were measured to take. What does not pay is left alone, and tried again after ever longer pauses.
//!
//! A chunk of `r` times its size, written once and read once, takes `r` of the disk's time but also the processor's,
//! and the slower of the two decides, as both work side by side:
//!
//! ```text
//! raw:      disk_write + disk_read
//! encoded:  max(r * disk_write, encode / workers) + max(r * disk_read, decode / workers)
//! ```

/// Encoding must save at least this part of the time.
const WORTH: f64 = 0.98;

/// Chunks for which an object that did not pay is left alone: doubles from the first to the second.
const PAUSES: (u32, u32) = (8, 1024);

/// Weight of the newest measurement.
const NEWEST: f64 = 0.125;

/// What one object's chunks have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habit {
    pause: u32,
    left: u32,
}

impl Habit {
    /// Whether the next chunk is to be encoded. Counts it.
    pub fn try_next(&mut self) -> bool {
        let due = self.left == 0;
        self.left = self.left.saturating_sub(1);
        due
    }

    /// What became of a chunk that was encoded.
    pub fn note(&mut self, paid: bool) {
        self.pause = if paid { 0 } else { (2 * self.pause).clamp(PAUSES.0, PAUSES.1) };
        self.left = self.pause;
    }
}

/// Nanoseconds that a byte takes, measured; `None` before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace(Option<f64>);

impl Pace {
    /// Takes a measurement in.
    pub fn note(&mut self, bytes: u64, ns: u64) {
        if bytes == 0 {
            return;
        }
        let pace = ns as f64 / bytes as f64;
        self.0 = Some(self.0.map_or(pace, |before| before + (pace - before) * NEWEST));
    }

    /// Nanoseconds per byte.
    #[must_use]
    pub fn ns_per_byte(self) -> Option<f64> {
        self.0
    }
}

/// What disk and processor take per byte: of the file for the disk, of the tensor for the processor.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Paces {
    /// Writing to the store.
    pub write: Pace,
    /// Reading from it.
    pub read: Pace,
    /// Encoding, by one worker.
    pub encode: Pace,
    /// Decoding, by one worker.
    pub decode: Pace,
    /// Workers.
    pub workers: u32,
}

impl Paces {
    /// Whether a chunk that shrinks to `ratio` of its size is faster written and read than one that does not. What was
    /// not measured yet costs nothing.
    #[must_use]
    pub fn pays(&self, ratio: f64) -> bool {
        let (Some(write), Some(read)) = (self.write.0.or(self.read.0), self.read.0.or(self.write.0)) else {
            return ratio < WORTH;
        };
        let worker = |pace: Pace| pace.0.unwrap_or(0.0) / f64::from(self.workers.max(1));
        let encoded = (ratio * write).max(worker(self.encode)) + (ratio * read).max(worker(self.decode));
        encoded < WORTH * (write + read)
    }
}

#[cfg(test)]
mod tests;
