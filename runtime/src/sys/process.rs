//! What the allocator asks of the process around it: waiting, thread exit, fork, a clock, last words.
//!
//! Nothing here allocates from this crate or takes a lock of it.

use std::ffi::{CStr, c_void};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use super::attempt;
use crate::sync::unmodelled::AtomicU32;

/// Sleeps while `word` is `expected`, until woken; may return early.
pub(crate) fn wait(word: &AtomicU32, expected: u32) {
    let no_timeout = ptr::null::<libc::timespec>();
    let wait = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    let _ = attempt(-1, || {
        // SAFETY: a futex wait reads the word, which outlives the call, and nothing else.
        unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), wait, expected, no_timeout) }
    });
}

/// Wakes one thread that sleeps on `word`.
pub(crate) fn wake_one(word: &AtomicU32) {
    let wake = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: a futex wake uses the address as a name only.
    let _ = attempt(-1, || unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), wake, 1) });
}

/// How many mappings this process has; `None` if the system does not say.
///
/// Takes milliseconds if there are tens of thousands.
pub(crate) fn mappings() -> Option<usize> {
    if cfg!(miri) {
        return Some(0);
    }
    let file = File::open(c"/proc/self/maps")?;
    let mut text = [0u8; 4096];
    let mut lines = 0;
    loop {
        match file.read(&mut text)? {
            [] => return Some(lines),
            part => lines += part.iter().filter(|&&byte| byte == b'\n').count(),
        }
    }
}

/// Bytes of memory that the cgroup of this process allows, where that is mounted as containers see it.
pub(crate) fn memory_limit() -> Option<usize> {
    [c"/sys/fs/cgroup/memory.max", c"/sys/fs/cgroup/memory/memory.limit_in_bytes"].into_iter().find_map(
        |path| {
            let mut text = [0u8; 32];
            let digits = read_start(path, &mut text)?.split(|byte| !byte.is_ascii_digit()).next()?;
            str::from_utf8(digits).ok()?.parse().ok()
        },
    )
}

/// The first bytes of a file.
pub(super) fn read_start<'t>(path: &CStr, text: &'t mut [u8]) -> Option<&'t [u8]> {
    if cfg!(miri) {
        return None;
    }
    File::open(path)?.read(text)
}

/// A file of the system, open to be read. Its calls leave `errno` alone, and no thread is cancelled in them, as libc's
/// may be: they are made in the middle of `malloc` and `free`.
struct File(libc::c_long);

impl File {
    fn open(path: &CStr) -> Option<Self> {
        let how = libc::O_RDONLY | libc::O_CLOEXEC;
        // SAFETY: the path is a string that ends in zero.
        let opened =
            attempt(-1, || unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), how) });
        opened.ok().map(Self)
    }

    /// The next bytes; none at the end, `None` after a failure.
    fn read<'t>(&self, text: &'t mut [u8]) -> Option<&'t [u8]> {
        // SAFETY: `text` is writable for its length.
        let read =
            attempt(-1, || unsafe { libc::syscall(libc::SYS_read, self.0, text.as_mut_ptr(), text.len()) });
        text.get(..usize::try_from(read.ok()?).ok()?)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, and not used any more.
        let _ = attempt(-1, || unsafe { libc::syscall(libc::SYS_close, self.0) });
    }
}

/// Whether the addresses of this process are limited (`RLIMIT_AS`), which may begin at any time.
pub(crate) fn is_address_limited() -> bool {
    if cfg!(miri) {
        return false;
    }
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is writable.
    let status = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) };
    status == 0 && limit.rlim_cur != libc::RLIM_INFINITY
}

/// Sleeps for so long, or less if a signal comes.
pub(crate) fn sleep_ms(ms: u64) {
    let pause = libc::timespec {
        tv_sec: (ms / 1000) as libc::time_t,
        tv_nsec: (ms % 1000 * 1_000_000) as libc::c_long,
    };
    // SAFETY: `pause` is readable; what is left of it is not asked for.
    unsafe { libc::nanosleep(&raw const pause, ptr::null_mut()) };
}

/// Starts a thread that nobody joins and no signal interrupts; whether that worked.
pub(crate) fn spawn_detached(body: extern "C" fn(*mut c_void) -> *mut c_void) -> bool {
    let mut blocked = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: writes the set.
    unsafe { libc::sigfillset(blocked.as_mut_ptr()) };
    // The new thread inherits the mask, so no handler of the program ever runs on it.
    // SAFETY: the first set was just filled, the second is written.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, blocked.as_ptr(), before.as_mut_ptr()) };
    let mut thread = MaybeUninit::<libc::pthread_t>::uninit();
    // SAFETY: `thread` is written on success; no attributes; `body` takes anything.
    let status = unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), body, ptr::null_mut()) };
    if status == 0 {
        // SAFETY: created just now, and joined by nobody.
        unsafe { libc::pthread_detach(thread.assume_init()) };
    }
    // SAFETY: written by the first call.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    status == 0
}

/// Milliseconds of a monotonic clock, coarse (a few milliseconds) and cheap.
pub(crate) fn coarse_ms() -> u64 {
    // Miri has the precise clock only.
    let clock = if cfg!(miri) { libc::CLOCK_MONOTONIC } else { libc::CLOCK_MONOTONIC_COARSE };
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a place the clock may be written to.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    now.tv_sec.unsigned_abs() * 1000 + now.tv_nsec.unsigned_abs() / 1_000_000
}

/// A word that differs from process to process and that nobody outside can know.
#[cfg(feature = "hardened")]
pub(crate) fn random_word() -> usize {
    // SAFETY: getauxval reads no memory of ours.
    let place = if cfg!(miri) { 0 } else { unsafe { libc::getauxval(libc::AT_RANDOM) } };
    let place = std::ptr::with_exposed_provenance::<[usize; 2]>(place as usize);
    if place.is_null() {
        return 0x9E37_79B9_7F4A_7C15;
    }
    // SAFETY: the kernel put 16 random bytes there, for as long as the process lives. The first half guards stacks.
    let words = unsafe { place.read_unaligned() };
    words[1]
}

/// A hook that runs when a thread that armed it ends, after the destructors of its `thread_local!`s.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExitKey(libc::pthread_key_t);

impl ExitKey {
    /// Makes a hook; `None` if the process has no key left. `hook` must not unwind.
    pub(crate) fn new(hook: unsafe extern "C" fn(*mut c_void)) -> Option<Self> {
        let mut key = 0;
        // SAFETY: `key` is written on success; `hook` has the signature of a key destructor.
        let status = unsafe { libc::pthread_key_create(&raw mut key, Some(hook)) };
        (status == 0).then_some(Self(key))
    }

    /// Makes the hook run with `value` when the calling thread ends; whether that worked.
    pub(crate) fn arm(self, value: NonNull<c_void>) -> bool {
        // SAFETY: the key was created by `new` and is never deleted.
        unsafe { libc::pthread_setspecific(self.0, value.as_ptr()) == 0 }
    }

    /// The key as a number, to be kept in an atomic.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// A key that [`number`](Self::number) gave.
    pub(crate) fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// Runs `prepare` before every fork, `parent` and `child` behind it where they say; whether that worked.
pub(crate) fn at_fork(
    prepare: unsafe extern "C" fn(),
    parent: unsafe extern "C" fn(),
    child: unsafe extern "C" fn(),
) -> bool {
    // SAFETY: the hooks have the signature of fork handlers and live as long as the program.
    unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) == 0 }
}

/// The environment variable `name` as a number; `None` if it is not set, or no number.
pub(crate) fn setting(name: &CStr) -> Option<usize> {
    // SAFETY: a name that ends in zero.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: getenv returns strings that end in zero; it is read at once, before anybody could replace it.
    unsafe { CStr::from_ptr(value) }.to_str().ok()?.parse().ok()
}

/// Writes `line` to standard error in one piece and ends the process with SIGABRT.
pub(crate) fn abort_with(line: &[u8]) -> ! {
    // SAFETY: `line` is readable for its length. A failed write has nobody left to be told.
    unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
    // SAFETY: takes no argument and does not return.
    unsafe { libc::abort() }
}
