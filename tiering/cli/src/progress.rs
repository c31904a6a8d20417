//! Progress on standard error: bars on a terminal, plain lines elsewhere. Standard output is left to results.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};

/// How progress is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    bars: bool,
}

impl Progress {
    /// Bars if standard error is a terminal.
    pub(crate) fn new() -> Self {
        Self { bars: std::io::stderr().is_terminal() }
    }

    /// Says one thing.
    pub(crate) fn note(self, text: &str) {
        eprintln!("{text}");
    }

    /// Work of `total` bytes.
    pub(crate) fn bytes(self, what: &str, total: u64) -> Bar {
        self.bar(what, total, "{msg} {bar:40} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}")
    }

    /// Work of `total` steps.
    pub(crate) fn steps(self, what: &str, total: u64) -> Bar {
        self.bar(what, total, "{msg} {bar:40} {pos}/{len}")
    }

    fn bar(self, what: &str, total: u64, template: &str) -> Bar {
        let what = what.to_owned();
        if !self.bars {
            eprintln!("{what} ...");
            return Bar { shown: None, what, total, done: AtomicU64::new(0) };
        }
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let shown = ProgressBar::new(total).with_style(style).with_message(what.clone());
        Bar { shown: Some(shown), what, total, done: AtomicU64::new(0) }
    }
}

/// One piece of work under way; gone from the terminal when dropped.
#[derive(Debug)]
pub(crate) struct Bar {
    shown: Option<ProgressBar>,
    what: String,
    total: u64,
    done: AtomicU64,
}

impl Bar {
    /// `more` is done. Without a terminal, says so at every quarter.
    pub(crate) fn advance(&self, more: u64) {
        if let Some(bar) = &self.shown {
            bar.inc(more);
            return;
        }
        let before = self.done.fetch_add(more, Ordering::Relaxed);
        let quarter = |done: u64| u128::from(done) * 4 / u128::from(self.total.max(1));
        if quarter(before) != quarter(before + more) {
            eprintln!("{} ... {} %", self.what, quarter(before + more) * 25);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}
