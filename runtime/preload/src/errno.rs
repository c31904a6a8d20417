//! The error number of the calling thread.

pub(crate) use libc::{EINVAL, ENOMEM};

use std::ffi::c_int;
use std::ptr;

/// Sets `errno` and returns null: how an allocation fails in C.
#[cold]
pub(crate) fn fail<T>(number: c_int) -> *mut T {
    set(number);
    ptr::null_mut()
}

/// The error number now.
pub(crate) fn get() -> c_int {
    // SAFETY: takes nothing and returns the address of this thread's number.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: valid for as long as the thread, and used by it alone.
    unsafe { place.read() }
}

/// Sets the error number.
pub(crate) fn set(number: c_int) {
    // SAFETY: takes nothing and returns the address of this thread's number.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: valid for as long as the thread, and used by it alone.
    unsafe { place.write(number) };
}
