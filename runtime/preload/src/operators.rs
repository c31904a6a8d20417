//! `operator new` and `operator delete`, in every form of C++17, by the names that the Itanium ABI gives them where
//! `size_t` is `unsigned long`.
//!
//! The C++ library's own forms call `malloc` and would do; these save one call, and free an aligned block no matter
//! which form made it.

use std::ffi::c_void;

use crate::block::{self, ALIGN_MIN};
use crate::cxx;

/// `std::nothrow_t`, which is empty and passed by address.
type NoThrow = *const c_void;

/// A block of `size` bytes, or the exception.
#[inline]
fn new(size: usize, align: usize) -> *mut c_void {
    let block = block::try_aligned(size, align.max(ALIGN_MIN));
    if block.is_null() { cxx::new_or_throw(size, align.max(ALIGN_MIN)) } else { block }.cast()
}

/// A block of `size` bytes, or null.
#[inline]
fn new_or_null(size: usize, align: usize) -> *mut c_void {
    let block = block::try_aligned(size, align.max(ALIGN_MIN));
    if block.is_null() { cxx::new_or_null(size, align.max(ALIGN_MIN)) } else { block }.cast()
}

/// Defines forms of `operator new`.
macro_rules! operators_new {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*) = $make:ident($align:expr);)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub extern "C-unwind" fn $name(size: usize, $($argument: $kind),*) -> *mut c_void {
            $make(size, $align)
        }
    )*};
}

operators_new! {
    /// `operator new(size)`
    _Znwm() = new(ALIGN_MIN);
    /// `operator new[](size)`
    _Znam() = new(ALIGN_MIN);
    /// `operator new(size, nothrow)`
    _ZnwmRKSt9nothrow_t(_nothrow: NoThrow) = new_or_null(ALIGN_MIN);
    /// `operator new[](size, nothrow)`
    _ZnamRKSt9nothrow_t(_nothrow: NoThrow) = new_or_null(ALIGN_MIN);
    /// `operator new(size, align)`
    _ZnwmSt11align_val_t(align: usize) = new(align);
    /// `operator new[](size, align)`
    _ZnamSt11align_val_t(align: usize) = new(align);
    /// `operator new(size, align, nothrow)`
    _ZnwmSt11align_val_tRKSt9nothrow_t(align: usize, _nothrow: NoThrow) = new_or_null(align);
    /// `operator new[](size, align, nothrow)`
    _ZnamSt11align_val_tRKSt9nothrow_t(align: usize, _nothrow: NoThrow) = new_or_null(align);
}

/// Defines forms of `operator delete`: what they are told besides the address is not needed.
macro_rules! operators_delete {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*);)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        ///
        /// `old` is null or a block of this library that is the caller's and not used afterwards.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(old: *mut c_void, $($argument: $kind),*) {
            // SAFETY: forwarded.
            unsafe { block::free(old.cast()) };
        }
    )*};
}

operators_delete! {
    /// `operator delete(old)`
    _ZdlPv();
    /// `operator delete[](old)`
    _ZdaPv();
    /// `operator delete(old, nothrow)`
    _ZdlPvRKSt9nothrow_t(_nothrow: NoThrow);
    /// `operator delete[](old, nothrow)`
    _ZdaPvRKSt9nothrow_t(_nothrow: NoThrow);
    /// `operator delete(old, align)`
    _ZdlPvSt11align_val_t(_align: usize);
    /// `operator delete[](old, align)`
    _ZdaPvSt11align_val_t(_align: usize);
    /// `operator delete(old, align, nothrow)`
    _ZdlPvSt11align_val_tRKSt9nothrow_t(_align: usize, _nothrow: NoThrow);
    /// `operator delete[](old, align, nothrow)`
    _ZdaPvSt11align_val_tRKSt9nothrow_t(_align: usize, _nothrow: NoThrow);
    /// `operator delete(old, size)`
    _ZdlPvm(_size: usize);
    /// `operator delete[](old, size)`
    _ZdaPvm(_size: usize);
    /// `operator delete(old, size, align)`
    _ZdlPvmSt11align_val_t(_size: usize, _align: usize);
    /// `operator delete[](old, size, align)`
    _ZdaPvmSt11align_val_t(_size: usize, _align: usize);
}
