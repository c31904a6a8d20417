//! What a finished process has used, by the kernel's account.

use std::process::{Child, Command, Stdio};
use stratal::{Error, ErrorKind, Result};

/// Runs a command in silence to its end: CPU seconds, and peak resident MiB of its largest process.
pub(super) fn of(command: &mut Command) -> Result<Vec<f64>> {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    finish(child).map_err(|error| error.with("command", format!("{command:?}")))
}

/// Waits for a process, and for nothing else of it.
pub(super) fn finish(child: Child) -> Result<Vec<f64>> {
    let mut status = 0;
    // SAFETY: all zeros are a valid `rusage`.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let process = child.id().cast_signed();
    // SAFETY: both places are valid for writes, and the child was not waited for yet.
    let ended = unsafe { libc::wait4(process, &mut status, 0, &mut usage) };
    if ended != process {
        return Err(std::io::Error::last_os_error().into());
    }
    if status != 0 {
        return Err(Error::new(ErrorKind::Io, "a program failed").with("status", status));
    }
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok(vec![seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss as f64 / 1024.0])
}
