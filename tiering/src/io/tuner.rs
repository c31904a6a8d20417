//! How much to keep with the device at once, found out while it works: a hill climb over window and piece size.
//!
//! A setting is judged only while the device is kept full and the queue behind it is not empty, else the figure would
//! be the caller's and not the device's. A neighbour of the present setting is tried in pairs of spans, one span each,
//! so that a disk that others use too falls on both alike; the median of the pairs decides.
//!
//! Invariants: both numbers stay on their ladders. Deeper needs a gain of [`GAIN`], shallower a loss of at most
//! [`LOSS`]; the gap between the two is the hysteresis, so the climb cannot run in circles. What is settled on is the
//! shallowest window that is as fast: a disk serves what is in flight side by side, and every further piece only
//! delays the one that is waited for. A neighbour that lost is tried again ever more rarely.
//!
//! ```text
//! GB/s            ________________   ← deeper: no gain, only latency
//!            ____/↑
//!        ___/     settles here
//!     __/
//!    4   8   12   16   24   32   48  MiB in flight
//! ```

use std::time::Duration;

/// Bytes in flight that are tried, in MiB.
const WINDOWS_MIB: [u64; 9] = [4, 6, 8, 12, 16, 24, 32, 48, 64];

/// Sizes of pieces that are tried.
const PIECES: [u32; 3] = [512 << 10, 1 << 20, 2 << 20];

/// Where the climb begins: covers 8 GB/s at 2 ms in pieces of a huge page.
const START: Setting = Setting { window: 4, piece: 2 };

/// What a larger setting must gain over a smaller one.
const GAIN: f64 = 1.04;

/// What a smaller one may lose.
const LOSS: f64 = 0.985;

/// Pairs of spans that judge a neighbour.
const PAIRS: usize = 5;

/// Bytes of a span, and how many windows it is at least.
const SPAN_BYTES: u64 = 64 << 20;
const SPAN_WINDOWS: u64 = 4;

/// Spans of rest after a neighbour lost: doubles from the first to the last.
const RESTS: (u32, u32) = (8, 512);

/// Indices into the ladders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Setting {
    window: usize,
    piece: usize,
}

/// The steps from a setting to its neighbours, in the order they are tried.
const STEPS: [(isize, isize); 4] = [(-1, 0), (1, 0), (0, -1), (0, 1)];

impl Setting {
    fn window_bytes(self) -> u64 {
        WINDOWS_MIB[self.window] << 20
    }

    fn piece_bytes(self) -> u32 {
        PIECES[self.piece]
    }

    fn step(self, (window, piece): (isize, isize)) -> Option<Self> {
        let window = self.window.checked_add_signed(window).filter(|&at| at < WINDOWS_MIB.len())?;
        let piece = self.piece.checked_add_signed(piece).filter(|&at| at < PIECES.len())?;
        Some(Self { window, piece })
    }
}

/// A span of time in which one setting is measured.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    /// Bytes still to land that were under way under the setting before.
    skip: u64,
    bytes: u64,
    since: Option<Duration>,
}

/// The neighbour being tried.
#[derive(Debug)]
struct Trial {
    step: (isize, isize),
    setting: Setting,
    /// Bytes per second of the present setting and of the neighbour, pair by pair.
    rates: Vec<[f64; 2]>,
    present: Option<f64>,
}

/// The climb of one direction of one driver.
#[derive(Debug)]
pub(super) struct Tuner {
    setting: Setting,
    fixed: bool,
    span: Span,
    trial: Option<Trial>,
    next_step: usize,
    rest: u32,
    pause: u32,
    trials: u64,
    moves: u64,
    best_bytes_per_s: f64,
}

impl Tuner {
    /// A climb that begins in the middle; one that is `fixed` stays there.
    pub(super) fn new(fixed: bool) -> Self {
        Self {
            setting: START,
            fixed,
            span: Span::default(),
            trial: None,
            next_step: 0,
            rest: RESTS.0,
            pause: RESTS.0,
            trials: 0,
            moves: 0,
            best_bytes_per_s: 0.0,
        }
    }

    /// Most bytes to keep with the device.
    pub(super) fn window_bytes(&self) -> u64 {
        self.in_force().window_bytes()
    }

    /// Most bytes of one piece.
    pub(super) fn piece_bytes(&self) -> u32 {
        self.in_force().piece_bytes()
    }

    /// Neighbours tried, and those that won.
    pub(super) fn steps(&self) -> (u64, u64) {
        (self.trials, self.moves)
    }

    /// The fastest span so far; 0 before the first.
    pub(super) fn best_bytes_per_s(&self) -> f64 {
        self.best_bytes_per_s
    }

    fn in_force(&self) -> Setting {
        match &self.trial {
            Some(trial) if trial.present.is_some() => trial.setting,
            _ => self.setting,
        }
    }

    /// Bytes have landed at `now`, the device being full and more waiting for it.
    pub(super) fn landed(&mut self, bytes: u64, now: Duration) {
        if self.span.skip > 0 {
            self.span.skip = self.span.skip.saturating_sub(bytes);
            return;
        }
        let Some(since) = self.span.since else {
            self.span.since = Some(now);
            return;
        };
        self.span.bytes += bytes;
        let enough = SPAN_BYTES.max(SPAN_WINDOWS * self.window_bytes());
        if self.span.bytes >= enough && now > since {
            let rate = self.span.bytes as f64 / (now - since).as_secs_f64();
            self.measured(rate);
        }
    }

    /// The device was not kept full: the span says nothing.
    pub(super) fn idle(&mut self) {
        self.span = Span { skip: self.span.skip, ..Span::default() };
    }

    /// A span has ended.
    fn measured(&mut self, rate: f64) {
        self.best_bytes_per_s = self.best_bytes_per_s.max(rate);
        if self.fixed {
            self.span = Span::default();
            return;
        }
        let before = self.in_force();
        match &mut self.trial {
            None => {
                self.pause = self.pause.saturating_sub(1);
                if self.pause == 0 {
                    self.begin();
                }
            }
            Some(trial) => match trial.present.take() {
                None => trial.present = Some(rate),
                Some(present) => {
                    trial.rates.push([present, rate]);
                    if trial.rates.len() == PAIRS {
                        self.judge();
                    }
                }
            },
        }
        let skip = if self.in_force() == before { 0 } else { before.window_bytes() };
        self.span = Span { skip, ..Span::default() };
    }

    /// Begins with the next neighbour there is.
    fn begin(&mut self) {
        for _ in 0..STEPS.len() {
            let step = STEPS[self.next_step % STEPS.len()];
            self.next_step += 1;
            if let Some(setting) = self.setting.step(step) {
                self.trials += 1;
                self.trial = Some(Trial { step, setting, rates: Vec::with_capacity(PAIRS), present: None });
                return;
            }
        }
    }

    /// Moves to the neighbour or stays.
    fn judge(&mut self) {
        let Some(trial) = self.trial.take() else { return };
        let mut ratios: Vec<f64> = trial.rates.iter().map(|[present, tried]| tried / present).collect();
        ratios.sort_by(f64::total_cmp);
        // Fewer bytes in flight, or larger pieces of the same, are less work: they win a draw.
        let lighter = trial.step.0 < 0 || trial.step.1 > 0;
        let wanted = if lighter { LOSS } else { GAIN };
        if ratios[ratios.len() / 2] >= wanted {
            self.setting = trial.setting;
            self.moves += 1;
            self.rest = RESTS.0;
            // The same way again.
            self.next_step += STEPS.len() - 1;
        } else {
            self.rest = (self.rest * 2).min(RESTS.1);
        }
        self.pause = self.rest;
    }
}

#[cfg(test)]
mod tests;
