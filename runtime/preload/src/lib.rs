//! `libstratal_malloc.so`: every allocation function of C and C++ on the pool of `stratal`, for programs that were
//! not written for it.
//!
//! ```sh
//! cargo build --release -p stratal-preload
//! LD_PRELOAD=target/release/libstratal_malloc.so program
//! ```
//!
//! | file | functions |
//! |---|---|
//! | `allocate` | `malloc` `calloc` `realloc` `reallocarray` `free` `free_sized` `free_aligned_sized` `cfree` |
//! | `aligned` | `aligned_alloc` `posix_memalign` `memalign` `valloc` `pvalloc` |
//! | `inspect` | `malloc_usable_size` `malloc_trim` `mallinfo` `mallinfo2` `malloc_stats` `mallopt` |
//! | `internal` | glibc's own names: `__libc_malloc` and its like |
//! | `operators` | `operator new` and `operator delete` in every form of C++17 |
//! | `block`, `errno`, `cxx` | what they share: the pool as C sees it, `errno`, how `operator new` fails |
//!
//! # Where the manuals leave a choice
//!
//! - A size of zero gets a block of its own, to be freed like any other. `realloc(p, 0)` frees `p` and returns null,
//!   as glibc's does.
//! - Blocks are aligned to 16 bytes; those of 512 bytes and more to 64.
//! - `memalign` rounds an alignment that is no power of two up to one, as glibc does; `aligned_alloc` refuses it
//!   with `EINVAL`, as POSIX says. Sizes need not be multiples of the alignment.
//! - `errno` is `ENOMEM` or `EINVAL` after a failure, and unchanged after a success or a `free`.
//!   `posix_memalign` returns the number instead, and leaves `errno` alone.
//! - `mallopt` accepts every parameter and changes nothing: the pool has no such knobs.
//! - `operator new` calls the new-handler as the standard demands, then throws `std::bad_alloc` by asking the C++
//!   library of the process to do so. In a process that has none, it ends the process with one line.
//!
//! # Limits
//!
//! - Statically linked programs, also static-pie, have no loader that could preload anything. For set-user-ID
//!   programs the loader ignores libraries outside the system's folders.
//! - A pointer that another allocator made (a statically linked one, say) must not be freed here, nor the other way
//!   round: the process ends with one line.
//! - `vfork`, `posix_spawn` and `fork` keep the pool usable in parent and child; a raw `clone` system call does not
//!   run the fork handlers, so its child may find a lock held.
//! - Allocating in a signal handler is as forbidden as ever.
//! - The pool reserves 256 GiB of addresses at the first allocation (a reservation: it takes no memory). Where that
//!   is refused (`ulimit -v`, strict overcommit), it grows in small steps. A program that limits its own addresses
//!   (`RLIMIT_AS`) while it runs finds the limit used up by the reservation until 16 MiB more were asked for: then
//!   what is unused of it is given up. One that locks all its memory (`mlockall`) would lock the reservation. For
//!   both, `STRATAL_RESERVE_GIB=0` grows in small steps from the start.

pub mod aligned;
pub mod allocate;
mod block;
mod cxx;
mod errno;
pub mod inspect;
pub mod internal;
pub mod operators;
