//! What a process takes beside its budget: the peak of its memory while tensors stream through the engine.

use super::{child, contender, contest, engine, promise, tensors};
use crate::contest::{Contest, Part};
use stratal::{Error, ErrorKind, Result};

const BUDGET: u64 = 288 << 20;

/// Peak of resident memory, beside the budget and one percent and 16 MiB.
pub(super) fn exact(sizes: &'static str) -> Result<Contest> {
    let mut command = child::this(&["engine", "memory", sizes])?;
    let ours = contender("stratal", Part::Ours, move || {
        child::measure(&mut command)?
            .first()
            .copied()
            .ok_or_else(|| Error::new(ErrorKind::Format, "no number"))
    });
    let most = (BUDGET + BUDGET / 100) as f64 / f64::from(1 << 20) + 16.0;
    let point = format!("peak memory, {sizes}, budget 288 MiB");
    Ok(contest(&point, "MiB", None, vec![ours, promise("budget + 1 % + 16 MiB", most)]))
}

pub(super) fn measure(sizes: &str) -> Result<Vec<f64>> {
    let (count, bytes) = if sizes == "129.5 MiB" { (4, 259 << 19) } else { (260, 2 << 20) };
    let engine = engine(&format!("{BUDGET} B"))?;
    let tensors = tensors(&engine, count, bytes)?;
    for tensor in tensors.iter().chain(&tensors) {
        let lease = tensor.read()?;
        std::hint::black_box(lease.iter().step_by(1024).sum::<f32>());
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    let peak: f64 = peak.ok_or_else(|| Error::new(ErrorKind::Unsupported, "no peak in /proc/self/status"))?;
    Ok(vec![peak / 1024.0])
}
