//! The driver's functions, found at run time: all of them, or an error that names the first that is missing.
//!
//! cudarc brings the types and the search for the library. Its own wrappers panic where a library or a symbol is absent,
//! and turn every answer into an enum that newer drivers have more values than; so the functions are looked up here,
//! once, and their answers stay numbers.

use super::answer::Answer;
use crate::error::{Error, ErrorKind, Result};
use cudarc::driver::sys::{
    self, CUcontext, CUdevice, CUdeviceptr, CUevent, CUfunction, CUmemAccessDesc, CUmemAllocationProp,
    CUmemGenericAllocationHandle, CUmodule, CUstream,
};
use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ulonglong, c_void};
use std::sync::OnceLock;

macro_rules! calls {
    ($($name:ident = $symbol:literal ( $($kind:ty),* );)+) => {
        /// The functions, all found.
        pub(super) struct Calls {
            $(pub(super) $name: unsafe extern "C" fn($($kind),*) -> Answer,)+
        }

        impl Calls {
            fn find() -> Result<Self> {
                Ok(Self { $($name: {
                    // SAFETY: the library is there. The type is that of the function in the driver's interface.
                    let found = unsafe {
                        sys::culib().get::<unsafe extern "C" fn($($kind),*) -> Answer>(concat!($symbol, "\0").as_bytes())
                    };
                    match found {
                        Ok(found) => *found,
                        Err(source) => return Err(missing($symbol, source)),
                    }
                },)+ })
            }

            /// The symbols, as the library has them.
            #[cfg(test)]
            pub(super) const SYMBOLS: &'static [&'static str] = &[$($symbol),+];
        }
    };
}

calls! {
    init = "cuInit" (c_uint);
    device_get = "cuDeviceGet" (*mut CUdevice, c_int);
    device_count = "cuDeviceGetCount" (*mut c_int);
    device_name = "cuDeviceGetName" (*mut c_char, c_int, CUdevice);
    device_attribute = "cuDeviceGetAttribute" (*mut c_int, c_int, CUdevice);
    device_total_memory = "cuDeviceTotalMem_v2" (*mut usize, CUdevice);
    context_retain = "cuDevicePrimaryCtxRetain" (*mut CUcontext, CUdevice);
    context_release = "cuDevicePrimaryCtxRelease_v2" (CUdevice);
    context_set = "cuCtxSetCurrent" (CUcontext);
    error_name = "cuGetErrorName" (c_uint, *mut *const c_char);
    memory_info = "cuMemGetInfo_v2" (*mut usize, *mut usize);
    granularity = "cuMemGetAllocationGranularity" (*mut usize, *const CUmemAllocationProp, c_uint);
    reserve = "cuMemAddressReserve" (*mut CUdeviceptr, usize, usize, CUdeviceptr, c_ulonglong);
    unreserve = "cuMemAddressFree" (CUdeviceptr, usize);
    create = "cuMemCreate" (*mut CUmemGenericAllocationHandle, usize, *const CUmemAllocationProp, c_ulonglong);
    destroy = "cuMemRelease" (CUmemGenericAllocationHandle);
    map = "cuMemMap" (CUdeviceptr, usize, usize, CUmemGenericAllocationHandle, c_ulonglong);
    set_access = "cuMemSetAccess" (CUdeviceptr, usize, *const CUmemAccessDesc, usize);
    unmap = "cuMemUnmap" (CUdeviceptr, usize);
    pin = "cuMemHostRegister_v2" (*mut c_void, usize, c_uint);
    unpin = "cuMemHostUnregister" (*mut c_void);
    stream_create = "cuStreamCreate" (*mut CUstream, c_uint);
    stream_destroy = "cuStreamDestroy_v2" (CUstream);
    stream_wait = "cuStreamWaitEvent" (CUstream, CUevent, c_uint);
    event_create = "cuEventCreate" (*mut CUevent, c_uint);
    event_destroy = "cuEventDestroy_v2" (CUevent);
    event_record = "cuEventRecord" (CUevent, CUstream);
    event_query = "cuEventQuery" (CUevent);
    upload = "cuMemcpyHtoDAsync_v2" (CUdeviceptr, *const c_void, usize, CUstream);
    download = "cuMemcpyDtoHAsync_v2" (*mut c_void, CUdeviceptr, usize, CUstream);
    copy = "cuMemcpyDtoDAsync_v2" (CUdeviceptr, CUdeviceptr, usize, CUstream);
    copy_peer = "cuMemcpyPeerAsync" (CUdeviceptr, CUcontext, CUdeviceptr, CUcontext, usize, CUstream);
    fill = "cuMemsetD8Async" (CUdeviceptr, c_uchar, usize, CUstream);
    module_load = "cuModuleLoadData" (*mut CUmodule, *const c_void);
    module_unload = "cuModuleUnload" (CUmodule);
    module_function = "cuModuleGetFunction" (*mut CUfunction, CUmodule, *const c_char);
    launch = "cuLaunchKernel" (
        CUfunction, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, CUstream, *mut *mut c_void, *mut *mut c_void
    );
}

fn missing(symbol: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = "the CUDA driver lacks a function: it is older than 10.2, or no driver at all";
    Error::new(ErrorKind::Unsupported, message).with("symbol", symbol).caused_by(source)
}

/// The functions of the driver of this machine, initialised.
///
/// # Errors
/// `Unsupported` when there is no driver, when it lacks a function, or when it finds no device it can serve.
pub(super) fn calls() -> Result<&'static Calls> {
    static FOUND: OnceLock<Result<Calls>> = OnceLock::new();
    FOUND.get_or_init(find).as_ref().map_err(Error::retold)
}

fn find() -> Result<Calls> {
    // SAFETY: loads the driver's library and runs its initialisers, as every user of CUDA does.
    if !unsafe { sys::is_culib_present() } {
        return Err(Error::new(ErrorKind::Unsupported, "no CUDA driver: libcuda.so.1 is not found"));
    }
    let calls = Calls::find()?;
    // SAFETY: takes no pointer.
    let answer = unsafe { (calls.init)(0) };
    answer.check_with(&calls, "cuInit")?;
    Ok(calls)
}
