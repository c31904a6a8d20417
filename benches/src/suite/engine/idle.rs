//! What an engine costs that has nothing to do: its process sleeps, and its processor time is read.

use super::{child, contender, contest, engine, promise, tensors};
use crate::contest::{Contest, Part};
use crate::suite::Scale;
use std::time::Duration;
use stratal::{Error, ErrorKind, Result};

/// Milliseconds of processor time per ten seconds of idleness.
pub(super) fn slept(scale: Scale) -> Result<Contest> {
    // Going to sleep and waking up, once, would count ten times of one second.
    let seconds = if scale.quick { "4" } else { "10" };
    let mut command = child::this(&["engine", "idle", seconds])?;
    let ours = contender("stratal", Part::Ours, move || {
        child::measure(&mut command)?
            .first()
            .copied()
            .ok_or_else(|| Error::new(ErrorKind::Format, "no number"))
    });
    Ok(contest("idle", "CPU ms/10 s", None, vec![ours, promise("1 ms", 1.0)]))
}

pub(super) fn measure(seconds: &str) -> Result<Vec<f64>> {
    let seconds: u64 = seconds.parse().map_err(|_| Error::new(ErrorKind::Format, "no number of seconds"))?;
    let engine = engine("64 MiB")?;
    let tensors = tensors(&engine, 8, 4 << 20)?;
    for tensor in tensors.iter().chain(&tensors) {
        drop(tensor.read()?);
    }
    // What was started by the last lease has ended.
    std::thread::sleep(Duration::from_millis(200));
    let before = cpu_ms()?;
    std::thread::sleep(Duration::from_secs(seconds));
    Ok(vec![(cpu_ms()? - before) * 10.0 / seconds as f64])
}

/// Processor time of this process so far.
fn cpu_ms() -> Result<f64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is written by the call.
    if unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) } != 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    // SAFETY: zeroed, which is a valid value, and written by the call.
    let usage = unsafe { usage.assume_init() };
    let ms = |time: libc::timeval| time.tv_sec as f64 * 1e3 + time.tv_usec as f64 / 1e3;
    Ok(ms(usage.ru_utime) + ms(usage.ru_stime))
}
