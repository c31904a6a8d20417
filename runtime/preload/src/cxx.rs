//! How `operator new` fails: the new-handler is called for as long as there is one, then `std::bad_alloc` is thrown.
//!
//! This library is not linked to a C++ library: which one a process has, if any, is found when it is needed, by
//! name. Both libstdc++ and libc++ export the two functions used here. A library that is loaded but not visible to
//! all (a plug-in of a C program brought it) is found by the name of its file.

use std::ffi::{CStr, c_void};
use std::mem;
use std::ptr;

use crate::block;

/// `std::new_handler`, null if none is set.
type Handler = Option<unsafe extern "C-unwind" fn()>;

/// `std::get_new_handler()`.
type GetHandler = unsafe extern "C-unwind" fn() -> Handler;

/// `std::__throw_bad_alloc()`.
type Throw = unsafe extern "C-unwind" fn() -> !;

const GET_HANDLER: &CStr = c"_ZSt15get_new_handlerv";
const THROW: &CStr = c"_ZSt17__throw_bad_allocv";

/// The C++ libraries that may be loaded without being visible to all.
const LIBRARIES: [&CStr; 2] = [c"libstdc++.so.6", c"libc++.so.1"];

/// Goes on trying for a block while handlers make room; throws when there is no handler left.
#[cold]
#[inline(never)]
pub(crate) fn new_or_throw(size: usize, align: usize) -> *mut u8 {
    let block = retry(size, align);
    if block.is_null() {
        throw();
    }
    block
}

/// As [`new_or_throw`], but null when there is no handler left. A handler that throws ends the process, for the
/// caller's frames may not be unwound.
#[cold]
#[inline(never)]
pub(crate) fn new_or_null(size: usize, align: usize) -> *mut u8 {
    retry(size, align)
}

fn retry(size: usize, align: usize) -> *mut u8 {
    while let Some(handler) = handler() {
        // SAFETY: the program set it for this purpose. It may throw, which unwinds frames that own nothing.
        unsafe { handler() };
        let block = block::try_aligned(size, align);
        if !block.is_null() {
            return block;
        }
    }
    ptr::null_mut()
}

/// The handler that is set now.
fn handler() -> Handler {
    let get = find(GET_HANDLER);
    if get.is_null() {
        return None;
    }
    // SAFETY: the symbol of this name has this type in every C++ library of the Itanium ABI.
    let get = unsafe { mem::transmute::<*mut c_void, GetHandler>(get) };
    // SAFETY: takes nothing, and throws nothing.
    unsafe { get() }
}

fn throw() -> ! {
    let throw = find(THROW);
    if throw.is_null() {
        no_exceptions();
    }
    // SAFETY: the symbol of this name has this type in every C++ library of the Itanium ABI.
    let throw = unsafe { mem::transmute::<*mut c_void, Throw>(throw) };
    // SAFETY: takes nothing; what it throws unwinds frames that own nothing.
    unsafe { throw() }
}

/// The function called `name` in the C++ library of this process; null if there is none.
fn find(name: &CStr) -> *mut c_void {
    // SAFETY: a name that ends in zero.
    let visible = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if !visible.is_null() {
        return visible;
    }
    let found = LIBRARIES.iter().map(|library| find_in(library, name)).find(|found| !found.is_null());
    found.unwrap_or(ptr::null_mut())
}

/// The function called `name` in a library that is loaded already; null if it is not.
fn find_in(library: &CStr, name: &CStr) -> *mut c_void {
    // SAFETY: a name that ends in zero; nothing is loaded, so no constructor runs.
    let handle = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD) };
    if handle.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: an open handle and a name that ends in zero. The handle is kept, so the library stays.
    unsafe { libc::dlsym(handle, name.as_ptr()) }
}

/// Ends a process that calls `operator new` but has no C++ library to report its failure with.
fn no_exceptions() -> ! {
    let line = b"stratal: out of memory in operator new, and no C++ library to throw std::bad_alloc\n";
    // SAFETY: readable for its length. A failed write has nobody left to be told.
    unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
    // SAFETY: takes nothing and does not return.
    unsafe { libc::abort() }
}
