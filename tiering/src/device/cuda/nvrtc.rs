//! NVIDIA's run-time compiler, found at run time like the driver: a missing library or function is an error.

use super::super::code::{Image, Source};
use crate::error::{Error, ErrorKind, Result};
use cudarc::nvrtc::sys::{self, nvrtcProgram};
use std::ffi::{CString, c_char, c_int, c_uint};
use std::sync::OnceLock;

macro_rules! calls {
    ($($name:ident = $symbol:literal ( $($kind:ty),* );)+) => {
        struct Compiler {
            $($name: unsafe extern "C" fn($($kind),*) -> c_uint,)+
        }

        impl Compiler {
            fn find() -> Result<Self> {
                Ok(Self { $($name: {
                    // SAFETY: the library is there. The type is that of the function in its interface.
                    let found = unsafe {
                        sys::culib().get::<unsafe extern "C" fn($($kind),*) -> c_uint>(concat!($symbol, "\0").as_bytes())
                    };
                    match found {
                        Ok(found) => *found,
                        Err(source) => {
                            let message = "the CUDA compiler lacks a function: it is older than 11.1";
                            let error = Error::new(ErrorKind::Unsupported, message);
                            return Err(error.with("symbol", $symbol).caused_by(source));
                        }
                    }
                },)+ })
            }
        }
    };
}

calls! {
    version = "nvrtcVersion" (*mut c_int, *mut c_int);
    create = "nvrtcCreateProgram" (
        *mut nvrtcProgram, *const c_char, *const c_char, c_int, *const *const c_char, *const *const c_char
    );
    compile = "nvrtcCompileProgram" (nvrtcProgram, c_int, *const *const c_char);
    destroy = "nvrtcDestroyProgram" (*mut nvrtcProgram);
    image_size = "nvrtcGetCUBINSize" (nvrtcProgram, *mut usize);
    image = "nvrtcGetCUBIN" (nvrtcProgram, *mut c_char);
    log_size = "nvrtcGetProgramLogSize" (nvrtcProgram, *mut usize);
    log = "nvrtcGetProgramLog" (nvrtcProgram, *mut c_char);
}

fn compiler() -> Result<&'static Compiler> {
    static FOUND: OnceLock<Result<Compiler>> = OnceLock::new();
    FOUND.get_or_init(find).as_ref().map_err(Error::retold)
}

fn find() -> Result<Compiler> {
    // SAFETY: loads the compiler's library and runs its initialisers.
    if !unsafe { sys::is_culib_present() } {
        let message = "no CUDA compiler: libnvrtc.so is not found (it comes with the CUDA toolkit and as a wheel of PyPI)";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    Compiler::find()
}

/// A program, destroyed when it goes.
struct Program {
    compiler: &'static Compiler,
    raw: nvrtcProgram,
}

impl Program {
    /// Bytes of which the compiler says how many there are, and then which.
    fn bytes(
        &self,
        size: unsafe extern "C" fn(nvrtcProgram, *mut usize) -> c_uint,
        fill: unsafe extern "C" fn(nvrtcProgram, *mut c_char) -> c_uint,
    ) -> Option<Vec<u8>> {
        let mut len = 0;
        // SAFETY: the program is alive, and `len` a place for a number.
        if unsafe { size(self.raw, &raw mut len) } != 0 {
            return None;
        }
        let mut bytes = vec![0_u8; len];
        // SAFETY: as above; the buffer is as long as the compiler asked for.
        (unsafe { fill(self.raw, bytes.as_mut_ptr().cast()) } == 0).then_some(bytes)
    }

    fn log(&self) -> String {
        let bytes = self.bytes(self.compiler.log_size, self.compiler.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim_end_matches(['\0', '\n', ' ']).to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: created once and destroyed once.
        unsafe { (self.compiler.destroy)(&raw mut self.raw) };
    }
}

fn text(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::new(ErrorKind::Compile, "a zero byte in source, name or options"))
}

/// The compiler and its version.
pub(super) fn version() -> Result<String> {
    let (compiler, mut major, mut minor) = (compiler()?, 0, 0);
    // SAFETY: two places for numbers.
    if unsafe { (compiler.version)(&raw mut major, &raw mut minor) } != 0 {
        return Err(Error::new(ErrorKind::Unsupported, "the CUDA compiler does not say its version"));
    }
    Ok(format!("nvrtc {major}.{minor}"))
}

/// Compiles source for devices of a compute capability.
pub(super) fn compile(source: &Source<'_>, capability: (u32, u32)) -> Result<Image> {
    let compiler = compiler()?;
    let (body, name) = (text(source.text)?, text(source.name)?);
    let architecture = format!("--gpu-architecture=sm_{}{}", capability.0, capability.1);
    let options = std::iter::once(architecture.as_str()).chain(source.options.iter().copied());
    let options = options.map(text).collect::<Result<Vec<_>>>()?;
    let pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
    let failed = |what: String| Error::new(ErrorKind::Compile, what).with("source", source.name);
    let mut raw = std::ptr::null_mut();
    let (headers, includes) = (std::ptr::null(), std::ptr::null());
    // SAFETY: the strings outlive the program, there are no headers, and `raw` is a place for a handle.
    let answer =
        unsafe { (compiler.create)(&raw mut raw, body.as_ptr(), name.as_ptr(), 0, headers, includes) };
    if answer != 0 {
        return Err(failed(format!("the compiler answered {answer}")));
    }
    let program = Program { compiler, raw };
    // A command line has not that many.
    let count = c_int::try_from(pointers.len()).unwrap_or(c_int::MAX);
    // SAFETY: the program is alive, and the options are `count` C strings.
    if unsafe { (compiler.compile)(program.raw, count, pointers.as_ptr()) } != 0 {
        return Err(failed(program.log()));
    }
    let image = program.bytes(compiler.image_size, compiler.image).filter(|image| !image.is_empty());
    image.map(Image).ok_or_else(|| failed("the compiler made no code".into()))
}
