//! Kernels: CUDA C that g++ made host code of, and PTX that is only looked at.

use crate::code::{HostEntry, HostKernel, Pointer};
use crate::compiler;
use crate::cuda::c_text;
use crate::driver::Geometry;
use std::ffi::{CStr, c_void};
use std::sync::Arc;

/// What the compiler half writes before the source.
pub(crate) const HEADER: &str = "//stratal-fake-image\n";

/// One entry of an image.
pub(crate) struct Kernel {
    pub(crate) name: String,
    /// Bytes of its parameters.
    pub(crate) bytes: usize,
    pointers: Vec<Pointer>,
    run: HostKernel,
}

impl Kernel {
    pub(crate) fn entry(&self) -> HostEntry {
        HostEntry { name: self.name.clone(), run: Arc::clone(&self.run), pointers: self.pointers.clone() }
    }
}

/// The kernels of an image; `None` if it is none.
pub(crate) fn of_image(image: &str) -> Option<Vec<Kernel>> {
    match image.strip_prefix(HEADER) {
        Some(source) => of_source(source),
        None if image.contains(".entry") => of_ptx(image),
        None => None,
    }
}

/// A library that is never closed: kernels may run until the process ends.
#[derive(Clone, Copy)]
struct Library(*mut c_void);

impl Library {
    fn find(self, symbol: &str) -> Option<*mut c_void> {
        // SAFETY: the library is open, the name a C string.
        let found = unsafe { libc::dlsym(self.0, c_text(symbol).as_ptr()) };
        (!found.is_null()).then_some(found)
    }
}

fn of_source(source: &str) -> Option<Vec<Kernel>> {
    let library = compiler::build(source, &[]).ok()?;
    let path = c_text(library.to_str()?);
    // SAFETY: a library of kernels, whose initialisers only set static data.
    let library = Library(unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) });
    if library.0.is_null() {
        // SAFETY: `dlerror` returns a C string after a failure.
        let why = unsafe { CStr::from_ptr(libc::dlerror()) };
        eprintln!("fake CUDA: {}", why.to_string_lossy());
        return None;
    }
    compiler::entries(source).into_iter().map(|name| of_library(library, name)).collect()
}

fn of_library(library: Library, name: String) -> Option<Kernel> {
    type Run = unsafe extern "C" fn(*const u32, *const u8);
    type Signature = unsafe extern "C" fn(*mut usize, *mut u8) -> usize;
    type Bytes = unsafe extern "C" fn() -> usize;
    let find = |what: &str| library.find(&format!("fake_{what}_{name}"));
    // SAFETY: the shim defines it with this type.
    let bytes = unsafe { std::mem::transmute::<*mut c_void, Bytes>(find("bytes")?) };
    // SAFETY: as above.
    let signature = unsafe { std::mem::transmute::<*mut c_void, Signature>(find("pointers")?) };
    // SAFETY: as above.
    let run = unsafe { std::mem::transmute::<*mut c_void, Run>(find("run")?) };
    let (mut offsets, mut writes) = ([0_usize; 64], [0_u8; 64]);
    // SAFETY: room for as many parameters as the shim allows.
    let count = unsafe { signature(offsets.as_mut_ptr(), writes.as_mut_ptr()) };
    let pointers = offsets.iter().zip(writes).take(count);
    let pointers = pointers.map(|(&offset, writes)| Pointer { offset, writes: writes != 0 }).collect();
    let run: HostKernel = Arc::new(move |geometry: &Geometry, arguments: &[u8]| {
        let ([gx, gy, gz], [bx, by, bz]) = (geometry.grid, geometry.block);
        let shape = [gx, gy, gz, bx, by, bz, geometry.shared_bytes];
        // SAFETY: the arguments have as many bytes as the entry declares; what they point to is the launcher's promise.
        unsafe { run(shape.as_ptr(), arguments.as_ptr()) };
    });
    // SAFETY: takes nothing.
    Some(Kernel { name, bytes: unsafe { bytes() }, pointers, run })
}

/// Entries and their parameters; they run as nothing, and say so.
fn of_ptx(text: &str) -> Option<Vec<Kernel>> {
    let mut kernels = Vec::new();
    for part in text.split(".entry").skip(1) {
        let (name, rest) = part.split_once('(')?;
        let name = name.trim().to_owned();
        let mut bytes = 0_usize;
        for parameter in rest.split_once(')')?.0.split(',').filter(|text| text.contains(".param")) {
            let (align, size) = ptx_parameter(parameter)?;
            bytes = bytes.next_multiple_of(align) + size;
        }
        let told = name.clone();
        let run: HostKernel = Arc::new(move |_: &Geometry, _: &[u8]| {
            println!("SKIPPED: PTX-only kernel {told} was checked and not run, for there is no GPU");
        });
        kernels.push(Kernel { name, bytes, pointers: Vec::new(), run });
    }
    Some(kernels)
}

/// Alignment and size of `.param .u64 name` or `.param .align 4 .b8 name[16]`.
fn ptx_parameter(text: &str) -> Option<(usize, usize)> {
    let mut words = text.split_whitespace().skip_while(|word| *word != ".param").skip(1);
    let (mut align, mut size) = (0, 0);
    while let Some(word) = words.next() {
        if word == ".align" {
            align = words.next()?.parse().ok()?;
        } else if let Some(kind) = word.strip_prefix('.') {
            let bits: String = kind.chars().filter(char::is_ascii_digit).collect();
            size = bits.parse::<usize>().ok()? / 8;
        } else if let Some((_, count)) = word.split_once('[') {
            size *= count.trim_end_matches(']').parse::<usize>().ok()?;
        }
    }
    (size > 0).then_some((if align > 0 { align } else { size }, size))
}
