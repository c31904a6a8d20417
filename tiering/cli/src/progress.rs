//! Progress on standard error: bars on a terminal, plain lines elsewhere, nothing where none is wanted. Standard output
//! is left to results.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Not at all.
    Quiet,
    /// In plain lines.
    Lines,
    /// By bars.
    Bars,
}

impl Progress {
    /// Bars if standard error is a terminal.
    pub(crate) fn new() -> Self {
        if std::io::stderr().is_terminal() { Self::Bars } else { Self::Lines }
    }

    /// The same, unless nothing is wanted.
    pub(crate) fn unless(quiet: bool) -> Self {
        if quiet { Self::Quiet } else { Self::new() }
    }

    /// Says one thing.
    pub(crate) fn note(self, text: &str) {
        if self != Self::Quiet {
            eprintln!("{text}");
        }
    }

    /// Work of `total` bytes.
    pub(crate) fn bytes(self, what: &str, total: u64) -> Bar {
        let template = "{prefix} {bar:40} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}";
        self.bar(what, total, template)
    }

    /// Work of `total` steps, with words beside it that change.
    pub(crate) fn steps(self, what: &str, total: u64) -> Bar {
        self.bar(what, total, "{prefix} {bar:12} {pos}/{len} {wide_msg}")
    }

    fn bar(self, what: &str, total: u64, template: &str) -> Bar {
        let shown = (self == Self::Bars).then(|| {
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(total).with_style(style).with_prefix(what.to_owned())
        });
        if shown.is_none() {
            self.note(&format!("{what} ..."));
        }
        Bar {
            shown,
            lines: self == Self::Lines,
            what: what.to_owned(),
            total,
            done: AtomicU64::new(0),
            said: Mutex::default(),
        }
    }
}

/// One piece of work under way; gone from the terminal when dropped.
#[derive(Debug)]
pub(crate) struct Bar {
    shown: Option<ProgressBar>,
    /// Whether quarters are said in lines.
    lines: bool,
    what: String,
    total: u64,
    done: AtomicU64,
    /// The words beside it.
    said: Mutex<String>,
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
        if self.lines && quarter(before) != quarter(before + more) {
            let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            let comma = if said.is_empty() { "" } else { ", " };
            eprintln!("{} ... {} %{comma}{said}", self.what, quarter(before + more) * 25);
        }
    }

    /// Changes the words beside it; in plain lines they come with the next quarter.
    pub(crate) fn say(&self, words: String) {
        match &self.shown {
            Some(bar) => bar.set_message(words),
            None => *self.said.lock().unwrap_or_else(PoisonError::into_inner) = words,
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
