//! The compiler's C interface: it has g++ judge the source, and its code is the source.

use crate::compiler;
use crate::kernel::HEADER;
use std::ffi::{CStr, c_char, c_int, c_uint};

/// `NVRTC_ERROR_COMPILATION`.
const COMPILATION: c_uint = 6;

struct Program {
    source: String,
    image: Vec<u8>,
    log: Vec<u8>,
}

fn with_zero(text: &str) -> Vec<u8> {
    text.bytes().chain([0]).collect()
}

/// A version that no compiler has.
///
/// # Safety
/// Both places are valid for a write.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the compiler's names")]
unsafe extern "C" fn nvrtcVersion(major: *mut c_int, minor: *mut c_int) -> c_uint {
    // SAFETY: promised by the caller.
    unsafe { major.write(0) };
    // SAFETY: promised by the caller.
    unsafe { minor.write(1) };
    0
}

/// # Safety
/// `out` is valid for a write, `source` is a C string.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the compiler's names")]
unsafe extern "C" fn nvrtcCreateProgram(
    out: *mut *mut Program,
    source: *const c_char,
    _name: *const c_char,
    _count: c_int,
    _headers: *const *const c_char,
    _names: *const *const c_char,
) -> c_uint {
    // SAFETY: promised by the caller.
    let source = unsafe { CStr::from_ptr(source) }.to_string_lossy().into_owned();
    let program = Program { source, image: Vec::new(), log: vec![0] };
    // SAFETY: promised by the caller.
    unsafe { out.write(Box::into_raw(Box::new(program))) };
    0
}

/// # Safety
/// `program` is open, and `options` are `count` C strings.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the compiler's names")]
unsafe extern "C" fn nvrtcCompileProgram(
    program: *mut Program,
    count: c_int,
    options: *const *const c_char,
) -> c_uint {
    // SAFETY: promised by the caller.
    let program = unsafe { &mut *program };
    for nth in 0..usize::try_from(count).unwrap_or(0) {
        // SAFETY: promised by the caller.
        let option = unsafe { *options.add(nth) };
        // SAFETY: promised by the caller.
        let option = unsafe { CStr::from_ptr(option) }.to_string_lossy();
        if !option.starts_with('-') {
            program.log = with_zero(&format!("nvrtc: error: invalid value for option {option}"));
            // `NVRTC_ERROR_INVALID_OPTION`.
            return 5;
        }
    }
    match compiler::build(&program.source, &[]) {
        Ok(_) => {
            program.image = with_zero(&format!("{HEADER}{}", program.source));
            0
        }
        Err(log) => {
            program.log = with_zero(&log);
            COMPILATION
        }
    }
}

/// # Safety
/// `program` is a place that holds an open program.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the compiler's names")]
unsafe extern "C" fn nvrtcDestroyProgram(program: *mut *mut Program) -> c_uint {
    // SAFETY: promised by the caller; it was made by a box.
    drop(unsafe { Box::from_raw(*program) });
    0
}

macro_rules! bytes {
    ($size:ident, $fill:ident, $field:ident) => {
        /// # Safety
        /// `program` is open, and `out` is valid for a write.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, reason = "the compiler's names")]
        unsafe extern "C" fn $size(program: *mut Program, out: *mut usize) -> c_uint {
            // SAFETY: promised by the caller.
            let program = unsafe { &*program };
            // SAFETY: promised by the caller.
            unsafe { out.write(program.$field.len()) };
            0
        }

        /// # Safety
        /// `program` is open, and `out` has room for as many bytes as were said.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, reason = "the compiler's names")]
        unsafe extern "C" fn $fill(program: *mut Program, out: *mut c_char) -> c_uint {
            // SAFETY: promised by the caller.
            let program = unsafe { &*program };
            // SAFETY: promised by the caller.
            unsafe {
                std::ptr::copy_nonoverlapping(program.$field.as_ptr(), out.cast(), program.$field.len())
            };
            0
        }
    };
}

bytes!(nvrtcGetCUBINSize, nvrtcGetCUBIN, image);
bytes!(nvrtcGetProgramLogSize, nvrtcGetProgramLog, log);
