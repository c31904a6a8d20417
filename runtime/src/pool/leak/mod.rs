//! Who holds memory: blocks that are live, by the place that asked for them. Debug builds only.
//!
//! Blocks of pools are noted by their pool as they are handed out: the place is the caller's, by `#[track_caller]`.
//! Blocks of the global allocator are noted while a [`LeakScope`] is open on the thread that allocates them; there
//! the place is read off the stack, since `GlobalAlloc` is not told it: by feature `leak-places`.
//!
//! Without debug assertions nothing is noted, a [`Site`] and a scope have no bytes, and the hooks are empty functions.

#[cfg(debug_assertions)]
mod place;
#[cfg(debug_assertions)]
mod watch;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

pub(super) use site::Site;

/// Where a block was asked for.
#[cfg(debug_assertions)]
mod site {
    use std::panic::Location;

    /// A caller, and the type of the values it wants room for if that is known.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::pool) struct Site {
        pub(in crate::pool) place: &'static Location<'static>,
        pub(in crate::pool) holds: Option<&'static str>,
    }

    impl Site {
        #[track_caller]
        pub(in crate::pool) fn here(holds: Option<&'static str>) -> Self {
            Self { place: Location::caller(), holds }
        }
    }
}

/// Where a block was asked for: not noted in this build.
#[cfg(not(debug_assertions))]
mod site {
    /// Nothing.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::pool) struct Site;

    impl Site {
        #[inline]
        pub(in crate::pool) fn here(_holds: Option<&'static str>) -> Self {
            Self
        }
    }
}

// The promise of release builds.
#[cfg(not(debug_assertions))]
const _: () = assert!(size_of::<Site>() == 0 && size_of::<LeakScope>() == 0);

/// Finds what was not given back, in debug builds; elsewhere its reports are empty and cost nothing.
///
/// ```
/// use stratal_runtime::pool::{LeakDetector, Pool};
/// let pool = Pool::builder().name("weights").capacity(1 << 20).build()?;
/// let kept = pool.allocate_for::<f32>(16)?;
/// std::mem::forget(kept);
/// let report = LeakDetector::of(&pool);
/// if LeakDetector::IS_ACTIVE {
///     assert_eq!((report.blocks(), report.bytes()), (1, 64));
///     let said = report.to_string();
///     assert!(said.starts_with("64 bytes in 1 block of f32, from pool `weights`, asked for at "), "{said}");
/// }
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LeakDetector(());

impl LeakDetector {
    /// Whether this build notes who asks for memory.
    pub const IS_ACTIVE: bool = cfg!(debug_assertions);

    /// The live blocks of one pool.
    #[must_use]
    pub fn of(pool: &super::Pool) -> LeakReport {
        LeakReport::new(pool.live_sites())
    }

    /// Starts to note what the calling thread takes from the [global allocator](crate::Stratal), if that is
    /// installed. Threads that the scope does not see may free it.
    ///
    /// ```
    /// #[global_allocator]
    /// static GLOBAL: stratal_runtime::Stratal = stratal_runtime::Stratal::new();
    /// use stratal_runtime::pool::LeakDetector;
    ///
    /// let scope = LeakDetector::scope();
    /// let kept = vec![1_u8; 1000];
    /// drop(vec![2_u8; 2000]);
    /// let report = scope.finish();
    /// assert_eq!(report.bytes(), if LeakDetector::IS_ACTIVE { 1000 } else { 0 });
    /// # drop(kept);
    /// ```
    #[must_use]
    pub fn scope() -> LeakScope {
        LeakScope::open()
    }
}

/// While it is open, blocks that its thread takes from the global allocator are noted: see
/// [`LeakDetector::scope`]. Scopes nest.
#[derive(Debug)]
pub struct LeakScope {
    #[cfg(debug_assertions)]
    watch: watch::Watch,
    /// It belongs to its thread.
    bound: PhantomData<*const ()>,
}

impl LeakScope {
    #[cfg(debug_assertions)]
    fn open() -> Self {
        Self { watch: watch::Watch::open(), bound: PhantomData }
    }

    #[cfg(not(debug_assertions))]
    fn open() -> Self {
        Self { bound: PhantomData }
    }

    /// What was taken since the scope was opened, and not given back yet.
    #[must_use]
    pub fn so_far(&self) -> LeakReport {
        #[cfg(debug_assertions)]
        return LeakReport::new(self.watch.live());
        #[cfg(not(debug_assertions))]
        LeakReport::new(Vec::new())
    }

    /// Closes the scope: what was taken in it and not given back.
    #[must_use]
    pub fn finish(self) -> LeakReport {
        self.so_far()
    }
}

/// Blocks of one origin that are live.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leak {
    /// Where they were asked for, as `file:line:column`.
    pub place: String,
    /// The type of the values in them, if that is known.
    pub holds: Option<&'static str>,
    /// The pool they are from; `None` for the global allocator.
    pub pool: Option<String>,
    /// How many there are.
    pub blocks: usize,
    /// Bytes that were asked for.
    pub bytes: usize,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.blocks == 1 { "" } else { "s" };
        write!(f, "{} bytes in {} block{plural}", self.bytes, self.blocks)?;
        if let Some(holds) = self.holds {
            write!(f, " of {holds}")?;
        }
        if let Some(pool) = &self.pool {
            write!(f, ", from pool `{pool}`")?;
        }
        write!(f, ", asked for at {}", self.place)
    }
}

/// Live blocks by origin, most bytes first. One line per origin when printed.
#[derive(Clone, Debug, Default)]
pub struct LeakReport {
    leaks: Vec<Leak>,
}

impl LeakReport {
    /// Joins what came from one place.
    fn new(found: Vec<Leak>) -> Self {
        let mut joined: BTreeMap<_, Leak> = BTreeMap::new();
        for leak in found {
            let key = (leak.place.clone(), leak.holds, leak.pool.clone());
            match joined.get_mut(&key) {
                Some(known) => {
                    known.blocks += leak.blocks;
                    known.bytes += leak.bytes;
                }
                None => drop(joined.insert(key, leak)),
            }
        }
        let mut leaks: Vec<_> = joined.into_values().collect();
        leaks.sort_by_key(|leak| std::cmp::Reverse(leak.bytes));
        Self { leaks }
    }

    /// One entry per origin.
    #[must_use]
    pub fn leaks(&self) -> &[Leak] {
        &self.leaks
    }

    /// Whether nothing is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.leaks.is_empty()
    }

    /// Blocks that are live.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.leaks.iter().map(|leak| leak.blocks).sum()
    }

    /// Bytes in them, as they were asked for.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.leaks.iter().map(|leak| leak.bytes).sum()
    }
}

impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.leaks.is_empty() {
            return f.write_str("nothing is live");
        }
        for (i, leak) in self.leaks.iter().enumerate() {
            write!(f, "{}{leak}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// A block was handed out by the global allocator.
#[inline]
pub(super) fn allocated(_block: *mut u8, _bytes: usize) {
    #[cfg(debug_assertions)]
    watch::allocated(_block, _bytes);
}

/// A block came back to the global allocator.
#[inline]
pub(super) fn freed(_block: *mut u8) {
    #[cfg(debug_assertions)]
    watch::freed(_block);
}

/// A block was resized, and perhaps moved.
#[inline]
pub(super) fn resized(_old: *mut u8, _new: *mut u8, _bytes: usize) {
    #[cfg(debug_assertions)]
    watch::resized(_old, _new, _bytes);
}

/// Takes the lock of the notes, before a fork.
#[inline]
pub(super) fn acquire() {
    #[cfg(debug_assertions)]
    watch::acquire();
}

/// Gives up what [`acquire`] took, after a fork.
///
/// # Safety
///
/// The calling thread, or the one it was forked from, took it.
#[inline]
pub(super) unsafe fn release() {
    #[cfg(debug_assertions)]
    // SAFETY: forwarded.
    unsafe {
        watch::release();
    }
}

#[cfg(test)]
mod tests;
