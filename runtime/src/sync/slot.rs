//! One thread-local slot that shared libraries reach as fast as programs do, and without a call.
//!
//! In a shared library, `thread_local!` becomes a call of `__tls_get_addr`. That costs as much as the rest of an
//! allocation, and it may itself allocate, which an allocator that stands in for `malloc` cannot allow. The
//! *initial-exec* model has no such call: the loader writes the slot's distance from the thread pointer into the
//! library's table once. rustc cannot be asked for it yet, so the slot is declared in assembly. It takes 16 bytes
//! of the room that the loader keeps for such libraries, so that they can be opened at run time too.
//!
//! ```text
//! thread pointer ──(distance, from the table)──▶ slot: [ first word, an address | second word, 0 ]
//! ```

use std::marker::PhantomData;

/// The slot, seen as a `T`: made by [`slot!`] only, once per program.
#[derive(Debug)]
pub(crate) struct Slot<T>(PhantomData<fn() -> T>);

impl<T> Slot<T> {
    /// The slot.
    ///
    /// # Safety
    ///
    /// `T` is `repr(C)`, two words long, and valid with the words that `slot!` was given.
    pub(crate) const unsafe fn new() -> Self {
        const { assert!(size_of::<T>() == 16 && align_of::<T>() <= 16) };
        Self(PhantomData)
    }

    /// Calls `f` with the calling thread's value.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        // SAFETY:
        // - the slot lives as long as the thread, is aligned to 16, and holds a valid `T`, by the promise of `new`;
        // - it is shared with nobody: `f` gets it for the time of a call only, and on this thread.
        f(unsafe { &*address().cast::<T>() })
    }
}

/// Where the calling thread's slot is.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn address() -> *const u8 {
    let place: *const u8;
    // SAFETY: reads the distance from the table and the thread pointer from the word it points to; both are constant
    // for the thread.
    unsafe {
        std::arch::asm!(
            "mov {place}, qword ptr [rip + stratal_slot@GOTTPOFF]",
            "add {place}, qword ptr fs:[0]",
            place = out(reg) place,
            options(pure, nomem, nostack),
        );
    }
    place
}

/// Where the calling thread's slot is.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn address() -> *const u8 {
    let place: *const u8;
    // SAFETY: reads the distance from the table and the thread pointer; both are constant for the thread.
    unsafe {
        std::arch::asm!(
            "adrp {distance}, :gottprel:stratal_slot",
            "ldr {distance}, [{distance}, :gottprel_lo12:stratal_slot]",
            "mrs {place}, tpidr_el0",
            "add {place}, {place}, {distance}",
            distance = out(reg) _,
            place = out(reg) place,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    place
}

/// Declares the slot as `static $name: Slot<$kind>`, starting as two words: the address of the static `$first`, and
/// zero. They must be a valid `$kind`, which is `repr(C)`.
macro_rules! slot {
    (static $name:ident: $kind:ty = [&$first:path, 0] = $same:expr;) => {
        std::arch::global_asm!(
            ".pushsection .tdata.stratal_slot, \"awT\", %progbits",
            ".p2align 4",
            ".hidden stratal_slot",
            ".globl stratal_slot",
            ".type stratal_slot, %object",
            "stratal_slot:",
            ".quad {first}",
            ".quad 0",
            ".size stratal_slot, 16",
            ".popsection",
            first = sym $first,
        );

        // SAFETY: whoever uses the macro says what the two words are.
        static $name: $crate::sync::slot::Slot<$kind> = unsafe { $crate::sync::slot::Slot::new() };
    };
}

pub(crate) use slot;
