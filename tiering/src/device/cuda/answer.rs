//! What a function of the driver answered, and which error of ours that is.

use super::calls::Calls;
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{CStr, c_uint};

/// A `CUresult` as a number: newer drivers have values that our bindings do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct Answer(pub(super) c_uint);

const SUCCESS: u32 = 0;
const OUT_OF_MEMORY: u32 = 2;
const NOT_FOUND: u32 = 500;
pub(super) const NOT_READY: u32 = 600;
/// Nothing here, or nothing for us: no device, no such device, not supported, an unfit driver or library.
const UNSUPPORTED: &[u32] = &[34, 100, 101, 801, 802, 803, 804];
/// After these the context answers nothing else: deinitialised, unavailable, uncorrectable memory or link, contained,
/// illegal address, timeout, destroyed, assertion, hardware stack, illegal instruction, misaligned, address space,
/// program counter, launch failed, tensor memory, external device, unknown.
const STICKY: &[u32] =
    &[4, 46, 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 911, 999];

impl Answer {
    pub(super) fn is_success(self) -> bool {
        self.0 == SUCCESS
    }

    pub(super) fn is_sticky(self) -> bool {
        STICKY.contains(&self.0)
    }

    fn kind(self) -> ErrorKind {
        match self.0 {
            OUT_OF_MEMORY => ErrorKind::OutOfMemory,
            NOT_FOUND => ErrorKind::Missing,
            code if STICKY.contains(&code) => ErrorKind::Lost,
            code if UNSUPPORTED.contains(&code) => ErrorKind::Unsupported,
            _ => ErrorKind::Device,
        }
    }

    /// The error, unless it was a success; `symbol` is the function that answered.
    pub(super) fn check_with(self, calls: &Calls, symbol: &'static str) -> Result<()> {
        if self.is_success() {
            return Ok(());
        }
        let mut name = std::ptr::null();
        // SAFETY: `name` is a place for a pointer to a string that lives as long as the library.
        let named = unsafe { (calls.error_name)(self.0, &raw mut name) };
        let message = if named.is_success() && !name.is_null() {
            // SAFETY: the driver says that it is a C string.
            unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
        } else {
            format!("the driver answered {}", self.0)
        };
        Err(Error::new(self.kind(), message).with("call", symbol))
    }
}
