//! What a child process may be refused, and signals to it. Linux alone.
//!
//! Invariant: everything set here holds in the child and its children only; between fork and exec nothing but system
//! calls is made, which is safe there.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

/// A limit of the system on one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of memory that may be locked.
    Locked,
    /// Bytes of a file that may be written.
    FileSize,
}

/// Has the kernel answer EPERM to the setup of io_uring.
pub fn without_io_uring(command: &mut Command) {
    prepare(command, || deny(libc::SYS_io_uring_setup as u32));
}

/// Holds the child to a limit.
pub fn limited(command: &mut Command, limit: Limit, most: u64) {
    let resource = match limit {
        Limit::Locked => libc::RLIMIT_MEMLOCK,
        Limit::FileSize => libc::RLIMIT_FSIZE,
    };
    prepare(command, move || {
        let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
        // SAFETY:
        // - `limit` outlives the call, which copies it
        answer(unsafe { libc::setrlimit(resource, &raw const limit) })
    });
}

/// Has the child be nobody where this process is the superuser, who is held to few limits.
pub fn ordinary(command: &mut Command) {
    prepare(command, || {
        // SAFETY:
        // - the call takes and gives numbers only
        if unsafe { libc::geteuid() } != 0 {
            return Ok(());
        }
        // SAFETY:
        // - the call takes numbers only
        answer(unsafe { libc::setuid(65_534) })
    });
}

/// Stops a child, or has it go on.
///
/// # Errors
/// What the system answers.
pub fn stop(child: &Child, stopped: bool) -> io::Result<()> {
    let signal = if stopped { libc::SIGSTOP } else { libc::SIGCONT };
    // SAFETY:
    // - the call takes numbers only, and a child that has not been waited for keeps its own
    answer(unsafe { libc::kill(child.id().cast_signed(), signal) })
}

fn prepare(command: &mut Command, step: impl FnMut() -> io::Result<()> + Send + Sync + 'static) {
    // SAFETY:
    // - the steps of this module make system calls only
    unsafe { command.pre_exec(step) };
}

fn answer(rc: libc::c_int) -> io::Result<()> {
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Makes one system call fail with EPERM in this process and its children, for good.
fn deny(call: u32) -> io::Result<()> {
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut filter = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, call),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY:
    // - the call takes numbers only
    answer(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    // SAFETY:
    // - `program` and the filter it names outlive the call, which copies them
    answer(unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) })
}
