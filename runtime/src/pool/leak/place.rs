//! Which line of a program a stack leads to: the innermost frame that is neither this allocator nor the standard
//! library.
//!
//! The standard library's `Backtrace` cannot be used here: it allocates under a lock of its own, so noting that very
//! allocation would wait for itself. The `backtrace` crate walks the stack without a lock; without the feature that
//! brings it in, places are not noted.

#[cfg(not(feature = "leak-places"))]
pub(super) use without::Stack;

#[cfg(feature = "leak-places")]
pub(super) use with::Stack;

#[cfg(not(feature = "leak-places"))]
mod without {
    /// Nothing.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::pool::leak) struct Stack;

    impl Stack {
        pub(in crate::pool::leak) fn here() -> Self {
            Self
        }

        pub(in crate::pool::leak) fn place(self) -> String {
            "a place that this build does not note (feature `leak-places`)".to_owned()
        }
    }
}

#[cfg(feature = "leak-places")]
mod with {
    /// Where sources of the standard library, and of what walks the stack, are.
    const STANDARD: [&str; 3] = ["/rustc/", "library/", "/backtrace-"];

    /// Where sources of this allocator are.
    const OURS: &str = "src/pool/";

    /// Frames that are kept: enough to leave the standard library's collections.
    const FRAMES: usize = 32;

    /// Return addresses, innermost first; 0 where there are no more.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::pool::leak) struct Stack([usize; FRAMES]);

    impl Stack {
        /// The stack of the caller. Allocates nothing of its own and takes no lock.
        pub(in crate::pool::leak) fn here() -> Self {
            let mut frames = [0; FRAMES];
            let mut free = frames.iter_mut();
            // SAFETY: on this platform a walk shares nothing with other walks.
            unsafe {
                backtrace::trace_unsynchronized(|frame| {
                    free.next().map(|place| *place = frame.ip().addr()).is_some()
                });
            }
            Self(frames)
        }

        /// The innermost place outside, as `file:line:column`.
        pub(in crate::pool::leak) fn place(self) -> String {
            let mut place = None;
            for frame in self.0.into_iter().take_while(|frame| *frame != 0) {
                backtrace::resolve(std::ptr::without_provenance_mut(frame), |symbol| {
                    let Some(file) = symbol.filename().and_then(|file| file.to_str()) else { return };
                    // The compiler's own functions are found where the allocator was installed.
                    let is_ours = file.contains(OURS)
                        || symbol
                            .name()
                            .and_then(|name| name.as_str())
                            .is_some_and(|name| name.contains("__rust"));
                    let is_inside = is_ours || STANDARD.iter().any(|part| file.contains(part));
                    if place.is_none() && !is_inside {
                        let (line, column) = (symbol.lineno().unwrap_or(0), symbol.colno().unwrap_or(0));
                        place = Some(format!("{file}:{line}:{column}"));
                    }
                });
                if place.is_some() {
                    break;
                }
            }
            place.unwrap_or_else(|| "an unknown place: no debug information".to_owned())
        }
    }
}
