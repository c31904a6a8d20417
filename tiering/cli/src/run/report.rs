//! What a run says: one object for programs, lines for people. The field names are a promise.

use crate::units::{Bytes, Nanos, Rate};
use serde::Serialize;
use std::fmt;

/// A whole run.
#[derive(Debug, Serialize)]
pub(crate) struct RunReport {
    /// The checkpoint that ran.
    pub(crate) checkpoint: String,
    /// Bytes of all its tensors.
    pub(crate) weights_bytes: u64,
    /// How file bytes were moved: `io_uring` or `threads`.
    pub(crate) io: &'static str,
    /// Threads that computed.
    pub(crate) threads: usize,
    /// Whether the bits of all logits equal those with everything in memory; only with `--verify`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outputs_equal: Option<bool>,
    /// Hash of the bits of all logits.
    pub(crate) logits_hash: String,
    /// Tokens generated.
    pub(crate) tokens: Vec<u32>,
    /// Most bytes of weights in memory at any instant.
    pub(crate) budget_bytes: u64,
    /// Of them, those for weights fetched ahead.
    pub(crate) window_bytes: u64,
    /// Most bytes of one lease.
    pub(crate) lease_bytes: u64,
    /// Most memory this process ever held.
    pub(crate) peak_rss_bytes: u64,
    /// What it needs besides weights.
    pub(crate) fixed_bytes: u64,
    /// Parts of `fixed_bytes`.
    pub(crate) fixed: Fixed,
    /// Where `compute_ns` was measured: `in memory`, or `between leases` where not all weights fit in memory.
    pub(crate) compute_measured: &'static str,
    /// Best of a sweep by a raw ring, before and after the passes.
    pub(crate) disk_limit_bytes_per_s: f64,
    /// Pass by pass.
    pub(crate) passes: Vec<PassReport>,
}

/// What a run needs besides weights: `fixed_bytes = kv_cache + activations + rows + program`.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Fixed {
    /// Keys and values of all positions.
    pub(crate) kv_cache_bytes: u64,
    /// Activations of the tokens of the longest pass.
    pub(crate) activation_bytes: u64,
    /// Weights widened to f32, a row per thread.
    pub(crate) row_bytes: u64,
    /// Code, stacks, the ring, caches of the allocator: a flat allowance.
    pub(crate) program_bytes: u64,
}

impl Fixed {
    /// The sum.
    pub(crate) fn total(&self) -> u64 {
        self.kv_cache_bytes + self.activation_bytes + self.row_bytes + self.program_bytes
    }
}

/// One traversal of the weights.
#[derive(Debug, Serialize)]
pub(crate) struct PassReport {
    /// Tokens that came out.
    pub(crate) tokens: u64,
    /// From its first lease to its last logit.
    pub(crate) wall_ns: u64,
    /// The same pass with everything in memory.
    pub(crate) compute_ns: u64,
    /// Waiting for leases.
    pub(crate) wait_ns: u64,
    /// Read from files.
    pub(crate) bytes_read: u64,
    /// Written to files.
    pub(crate) bytes_written: u64,
    /// Fewest bytes possible with a capacity of budget − window.
    pub(crate) bytes_min: u64,
    /// Fewest bytes possible with the whole budget.
    pub(crate) bytes_min_full_budget: u64,
    /// Least wall time of the same leases, slots and bandwidth.
    pub(crate) bound_ns: u64,
    /// `bytes_read / wall`.
    pub(crate) disk_bytes_per_s: f64,
}

/// Memory a run may take above budget and fixed bytes before it says so.
const SLACK_BYTES: u64 = 64 << 20;

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (weights, budget) = (Bytes(self.weights_bytes), Bytes(self.budget_bytes));
        writeln!(f, "{}: {weights} of weights under a budget of {budget}, by {}", self.checkpoint, self.io)?;
        writeln!(
            f,
            "pass  token      wall     bound  wall/bound    compute       read        MIN  read/MIN        disk  of limit"
        )?;
        for (index, (pass, token)) in self.passes.iter().zip(&self.tokens).enumerate() {
            self.write_pass(f, index + 1, *token, pass)?;
        }
        let full = self.passes.last().map_or(0, |pass| pass.bytes_min_full_budget);
        writeln!(
            f,
            "MIN is for budget − window ({}); with the whole budget {} a pass",
            Bytes(self.window_bytes),
            Bytes(full)
        )?;
        let limit = Rate(self.disk_limit_bytes_per_s);
        writeln!(f, "disk limit {limit}: the best of a sweep by a raw ring before and after the passes")?;
        self.write_memory(f)?;
        match self.outputs_equal {
            Some(true) => write!(
                f,
                "the bits of all logits equal those with everything in memory ({})",
                self.logits_hash
            ),
            Some(false) => write!(f, "THE BITS OF THE LOGITS DIFFER from those with everything in memory"),
            None => write!(
                f,
                "logits {}; --verify compares them with a run that has everything in memory",
                self.logits_hash
            ),
        }
    }
}

impl RunReport {
    fn write_pass(
        &self,
        f: &mut fmt::Formatter<'_>,
        number: usize,
        token: u32,
        pass: &PassReport,
    ) -> fmt::Result {
        // Where nothing need be read, a few rows of the embedding are no multiple of it.
        let ratio =
            |a: u64, b: u64| if b == 0 { "-".to_owned() } else { format!("{:.3}", a as f64 / b as f64) };
        let [wall, bound, compute] =
            [pass.wall_ns, pass.bound_ns, pass.compute_ns].map(|ns| Nanos(ns).to_string());
        let [read, min] = [pass.bytes_read, pass.bytes_min].map(|bytes| Bytes(bytes).to_string());
        let disk = Rate(pass.disk_bytes_per_s).to_string();
        writeln!(
            f,
            "{number:>4} {token:>6} {wall:>9} {bound:>9} {:>11} {compute:>10} {read:>10} {min:>10} {:>9} {disk:>11} {:>8.0}%",
            ratio(pass.wall_ns, pass.bound_ns),
            ratio(pass.bytes_read, pass.bytes_min),
            100.0 * pass.disk_bytes_per_s / self.disk_limit_bytes_per_s.max(1.0),
        )
    }

    fn write_memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allowed = self.budget_bytes + self.fixed_bytes + SLACK_BYTES;
        let verdict = if self.peak_rss_bytes <= allowed { "within" } else { "ABOVE" };
        let Fixed { kv_cache_bytes, activation_bytes, row_bytes, program_bytes } = self.fixed;
        let [peak, allowed, fixed, cache, activations, rows, program] = [
            self.peak_rss_bytes,
            allowed,
            self.fixed_bytes,
            kv_cache_bytes,
            activation_bytes,
            row_bytes,
            program_bytes,
        ]
        .map(Bytes);
        writeln!(f, "peak memory {peak}, {verdict} budget + fixed + {} = {allowed}", Bytes(SLACK_BYTES))?;
        writeln!(
            f,
            "fixed {fixed} = KV cache {cache} + activations {activations} + rows {rows} + program {program}"
        )
    }
}
