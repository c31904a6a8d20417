//! Pure statistics of paired runs: medians, ratios, and an interval that assumes nothing about the noise.
//!
//! Runs are compared pair by pair, because what disturbs a shared machine disturbs neighbours alike. The interval is
//! the sign test's: between two order statistics of the ratios, whose coverage follows from coin tosses alone. Below
//! six pairs no such interval reaches 95 %; then the whole range is given and no verdict.

#[cfg(test)]
mod tests;

/// Chance that the interval misses the true median.
const MISS: f64 = 0.05;

/// The ratio of two contenders over all pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio {
    /// Median of the pairs' ratios.
    pub(crate) median: f64,
    /// Lower end of the interval.
    pub(crate) low: f64,
    /// Upper end of the interval.
    pub(crate) high: f64,
    /// Whether the interval covers the true median with 95 %.
    pub(crate) sure: bool,
}

impl Ratio {
    /// Of `ours` to `rival`, run by run. `None` without pairs.
    pub(crate) fn of(ours: &[f64], rival: &[f64]) -> Option<Self> {
        let mut ratios: Vec<f64> = ours.iter().zip(rival).map(|(ours, rival)| ours / rival).collect();
        ratios.sort_by(f64::total_cmp);
        let median = median(&ratios)?;
        let cut = cut(ratios.len());
        let skipped = cut.unwrap_or(0);
        let (low, high) = (ratios[skipped], ratios[ratios.len() - 1 - skipped]);
        Some(Self { median, low, high, sure: cut.is_some() })
    }

    /// Whether the ratio is at most `goal`; `None` where the interval straddles it or is not sure.
    pub(crate) fn holds(&self, goal: f64) -> Option<bool> {
        match () {
            () if !self.sure => None,
            () if self.high <= goal => Some(true),
            () if self.low > goal => Some(false),
            () => None,
        }
    }
}

/// The middle value, or the mean of the middle two.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(lower.midpoint(upper))
}

/// How many values may be cut from each end of `n` sorted ones so that the rest still covers the median with 95 %.
fn cut(n: usize) -> Option<usize> {
    let total = 2_f64.powi(i32::try_from(n).ok()?);
    let (mut ways, mut tail, mut cut) = (1.0, 0.0, None);
    for below in 0..n / 2 {
        tail += ways;
        if 2.0 * tail / total > MISS {
            break;
        }
        cut = Some(below);
        ways *= (n - below) as f64 / (below + 1) as f64;
    }
    cut
}
