//! The driver's C interface. Each function opens a call, asks the simulator, and answers with a number.
//!
//! Handles are the simulator's, as pointers; a context is the number of its device, from 1; a frame carries the number
//! of its device in its upper bits.

use crate::driver::{Address, Driver, Geometry, RawEvent, RawFrame, RawFunction, RawModule, RawStream};
use crate::kernel::{self, Kernel};
use crate::lock::lock;
use crate::machine::{Call, answer, set_current};
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::sync::Arc;

/// Where a frame's handle keeps its device.
const DEVICE_SHIFT: u32 = 48;

fn code(result: Result<(), u32>) -> c_uint {
    result.err().unwrap_or(answer::SUCCESS)
}

/// Writes a result through a pointer of the caller.
///
/// # Safety
/// `out` is valid for a write.
unsafe fn put<T>(out: *mut T, value: T) {
    // SAFETY: promised by the caller.
    unsafe { out.write(value) };
}

macro_rules! driver {
    ($($(#[$doc:meta])* fn $symbol:ident($call:ident $(, $name:ident: $kind:ty)*) $body:block)+) => {
        $($(#[$doc])*
        ///
        /// # Safety
        /// As the driver's documentation says: pointers are valid, handles are open.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, reason = "the driver's names")]
        unsafe extern "C" fn $symbol($($name: $kind),*) -> c_uint {
            code((|| -> Result<(), u32> {
                let $call = Call::open(stringify!($symbol))?;
                $body
            })())
        })+
    };
}

driver! {
    /// Begins.
    fn cuInit(_call, _flags: c_uint) { Ok(()) }

    /// How many devices.
    fn cuDeviceGetCount(call, out: *mut c_int) {
        // SAFETY: promised by the caller.
        unsafe { put(out, call.machine.devices.len() as c_int) };
        Ok(())
    }

    /// One device.
    fn cuDeviceGet(call, out: *mut c_int, index: c_int) {
        let known = usize::try_from(index).is_ok_and(|index| index < call.machine.devices.len());
        if !known {
            return Err(answer::INVALID_DEVICE);
        }
        // SAFETY: promised by the caller.
        unsafe { put(out, index) };
        Ok(())
    }

    /// Its name.
    fn cuDeviceGetName(_call, out: *mut c_char, len: c_int, _device: c_int) {
        let name = c"fake CUDA device".to_bytes_with_nul();
        let written = name.len().min(usize::try_from(len).unwrap_or(0));
        // SAFETY: promised by the caller.
        unsafe { std::ptr::copy_nonoverlapping(name.as_ptr(), out.cast(), written) };
        Ok(())
    }

    /// What it can do: compute capability 8.0, virtual memory.
    fn cuDeviceGetAttribute(_call, out: *mut c_int, which: c_int, _device: c_int) {
        let value = match which {
            1 => 1024,
            8 => 48 << 10,
            16 => 2,
            75 => 8,
            102 => 1,
            _ => 0,
        };
        // SAFETY: promised by the caller.
        unsafe { put(out, value) };
        Ok(())
    }

    /// Its memory.
    fn cuDeviceTotalMem_v2(call, out: *mut usize, device: c_int) {
        let sim = call.machine.devices.get(device as usize).ok_or(answer::INVALID_DEVICE)?;
        // SAFETY: promised by the caller.
        unsafe { put(out, sim.properties().memory_bytes as usize) };
        Ok(())
    }

    /// Retains the primary context.
    fn cuDevicePrimaryCtxRetain(call, out: *mut *mut c_void, device: c_int) {
        let device = device as usize;
        let mut state = lock(&call.machine.state);
        *state.retained.get_mut(device).ok_or(answer::INVALID_DEVICE)? += 1;
        // SAFETY: promised by the caller.
        unsafe { put(out, (device + 1) as *mut c_void) };
        Ok(())
    }

    /// Releases it.
    fn cuDevicePrimaryCtxRelease_v2(call, device: c_int) {
        {
            let mut state = lock(&call.machine.state);
            let retained = state.retained.get_mut(device as usize).ok_or(answer::INVALID_DEVICE)?;
            *retained = retained.checked_sub(1).ok_or(answer::INVALID_CONTEXT)?;
        }
        call.end(Ok(()))
    }

    /// Makes a context current.
    fn cuCtxSetCurrent(_call, context: *mut c_void) {
        set_current((context as usize).wrapping_sub(1));
        Ok(())
    }

    /// Memory at this moment.
    fn cuMemGetInfo_v2(call, free: *mut usize, total: *mut usize) {
        let info = call.end(call.sim()?.memory())?;
        // SAFETY: promised by the caller.
        unsafe { put(free, info.free_bytes as usize) };
        // SAFETY: promised by the caller.
        unsafe { put(total, info.total_bytes as usize) };
        Ok(())
    }

    /// The unit of frames.
    fn cuMemGetAllocationGranularity(call, out: *mut usize, _prop: *const c_void, _option: c_uint) {
        // SAFETY: promised by the caller.
        unsafe { put(out, call.sim()?.properties().granularity_bytes as usize) };
        Ok(())
    }

    /// Addresses.
    fn cuMemAddressReserve(call, out: *mut u64, len: usize, _align: usize, _at: u64, _flags: c_ulonglong) {
        let at = call.end(call.sim()?.reserve(len as u64))?;
        // SAFETY: promised by the caller.
        unsafe { put(out, at.0) };
        Ok(())
    }

    /// Gives addresses back.
    fn cuMemAddressFree(call, at: u64, len: usize) {
        // SAFETY: the simulator checks what it is given.
        call.end(unsafe { call.sim()?.unreserve(Address(at), len as u64) })
    }

    /// A frame.
    fn cuMemCreate(call, out: *mut u64, len: usize, _prop: *const c_void, _flags: c_ulonglong) {
        let frame = call.end(call.sim()?.create(len as u64))?;
        // SAFETY: promised by the caller.
        unsafe { put(out, frame.0 | (call.device() as u64) << DEVICE_SHIFT) };
        Ok(())
    }

    /// Gives a frame back.
    fn cuMemRelease(call, frame: u64) {
        let frame = RawFrame(frame & ((1 << DEVICE_SHIFT) - 1));
        // SAFETY: the simulator checks what it is given.
        call.end(unsafe { call.sim()?.destroy(frame) })
    }

    /// Puts a frame at addresses, closed to everybody.
    fn cuMemMap(call, at: u64, len: usize, offset: usize, frame: u64, _flags: c_ulonglong) {
        if offset != 0 || frame >> DEVICE_SHIFT != call.device() as u64 {
            return Err(answer::INVALID_VALUE);
        }
        let raw = RawFrame(frame & ((1 << DEVICE_SHIFT) - 1));
        // SAFETY: the simulator checks what it is given.
        call.end(unsafe { call.sim()?.map(Address(at), raw, len as u64) })?;
        lock(&call.machine.state).closed.insert(at, len as u64);
        Ok(())
    }

    /// Opens what is mapped.
    fn cuMemSetAccess(call, at: u64, len: usize, _access: *const c_void, _count: usize) {
        let known = lock(&call.machine.state).closed.remove(&at);
        if known == Some(len as u64) { Ok(()) } else { Err(answer::INVALID_VALUE) }
    }

    /// Takes a frame from its addresses.
    fn cuMemUnmap(call, at: u64, len: usize) {
        lock(&call.machine.state).closed.remove(&at);
        // SAFETY: the simulator checks what it is given.
        call.end(unsafe { call.sim()?.unmap(Address(at), len as u64) })
    }

    /// Pins.
    fn cuMemHostRegister_v2(call, host: *mut c_void, len: usize, _flags: c_uint) {
        // SAFETY: promised by the caller.
        call.end(unsafe { call.sim()?.pin(host.cast(), len) })
    }

    /// Unpins.
    fn cuMemHostUnregister(call, host: *mut c_void) {
        // SAFETY: promised by the caller.
        call.end(unsafe { call.sim()?.unpin(host.cast()) })
    }

    /// A stream.
    fn cuStreamCreate(call, out: *mut *mut c_void, _flags: c_uint) {
        let stream = call.end(call.sim()?.open_stream())?;
        // SAFETY: promised by the caller.
        unsafe { put(out, stream.0 as *mut c_void) };
        Ok(())
    }

    /// Closes a stream.
    fn cuStreamDestroy_v2(call, stream: *mut c_void) {
        // SAFETY: promised by the caller.
        call.end(unsafe { call.sim()?.close_stream(RawStream(stream as u64)) })
    }

    /// Lets a stream wait.
    fn cuStreamWaitEvent(call, stream: *mut c_void, event: *mut c_void, _flags: c_uint) {
        // SAFETY: promised by the caller.
        call.end(unsafe { call.sim()?.wait(RawStream(stream as u64), RawEvent(event as u64)) })
    }

    /// An event.
    fn cuEventCreate(call, out: *mut *mut c_void, _flags: c_uint) {
        let event = call.end(call.sim()?.open_event())?;
        // SAFETY: promised by the caller.
        unsafe { put(out, event.0 as *mut c_void) };
        Ok(())
    }

    /// Forgets an event.
    fn cuEventDestroy_v2(call, event: *mut c_void) {
        // SAFETY: promised by the caller.
        call.end(unsafe { call.sim()?.close_event(RawEvent(event as u64)) })
    }

    /// Records.
    fn cuEventRecord(call, event: *mut c_void, stream: *mut c_void) {
        // SAFETY: promised by the caller.
        call.end(unsafe { call.sim()?.record(RawEvent(event as u64), RawStream(stream as u64)) })
    }

    /// Asks.
    fn cuEventQuery(call, event: *mut c_void) {
        // SAFETY: promised by the caller.
        let past = call.end(unsafe { call.sim()?.is_past(RawEvent(event as u64)) })?;
        if past { Ok(()) } else { Err(answer::NOT_READY) }
    }

    /// Copies up.
    fn cuMemcpyHtoDAsync_v2(call, to: u64, from: *const c_void, len: usize, stream: *mut c_void) {
        call.open_range(to, len as u64)?;
        // SAFETY: promised by the caller.
        call.end(unsafe { call.sim()?.upload(Address(to), from.cast(), len as u64, RawStream(stream as u64)) })
    }

    /// Copies down.
    fn cuMemcpyDtoHAsync_v2(call, to: *mut c_void, from: u64, len: usize, stream: *mut c_void) {
        call.open_range(from, len as u64)?;
        // SAFETY: promised by the caller.
        call.end(unsafe { call.sim()?.download(to.cast(), Address(from), len as u64, RawStream(stream as u64)) })
    }

    /// Copies inside.
    fn cuMemcpyDtoDAsync_v2(call, to: u64, from: u64, len: usize, stream: *mut c_void) {
        call.open_range(to, len as u64)?;
        call.open_range(from, len as u64)?;
        // SAFETY: promised by the caller.
        call.end(unsafe { call.sim()?.copy(Address(to), Address(from), len as u64, RawStream(stream as u64)) })
    }

    /// Copies from a neighbour.
    fn cuMemcpyPeerAsync(
        call,
        to: u64,
        _here: *mut c_void,
        from: u64,
        there: *mut c_void,
        len: usize,
        stream: *mut c_void
    ) {
        call.open_range(to, len as u64)?;
        call.open_range(from, len as u64)?;
        let (sim, peer) = (call.sim()?, (there as u64).wrapping_sub(1));
        let stream = RawStream(stream as u64);
        // SAFETY: promised by the caller.
        call.end(unsafe { sim.copy_peer(Address(to), peer, Address(from), len as u64, stream) })
    }

    /// Fills.
    fn cuMemsetD8Async(call, at: u64, byte: u8, len: usize, stream: *mut c_void) {
        call.open_range(at, len as u64)?;
        // SAFETY: promised by the caller.
        call.end(unsafe { call.sim()?.fill(Address(at), byte, len as u64, RawStream(stream as u64)) })
    }

    /// Loads what the compiler half made, or PTX.
    fn cuModuleLoadData(call, out: *mut *mut c_void, image: *const c_void) {
        // SAFETY: images of ours and PTX end in a zero byte.
        let image = unsafe { CStr::from_ptr(image.cast()) };
        let kernels = kernel::of_image(&image.to_string_lossy()).ok_or(answer::INVALID_IMAGE)?;
        let entries: Vec<_> = kernels.iter().map(Kernel::entry).collect();
        let module = call.end(call.sim()?.load(&crate::code::Code::Host(&entries)))?;
        let kernels = kernels.into_iter().map(Arc::new).collect();
        lock(&call.machine.state).modules.insert(module.0, kernels);
        // SAFETY: promised by the caller.
        unsafe { put(out, module.0 as *mut c_void) };
        Ok(())
    }

    /// Unloads.
    fn cuModuleUnload(call, module: *mut c_void) {
        // SAFETY: promised by the caller.
        let unloaded = unsafe { call.sim()?.unload(RawModule(module as u64)) };
        lock(&call.machine.state).modules.remove(&(module as u64));
        call.end(unloaded)
    }

    /// One entry.
    fn cuModuleGetFunction(call, out: *mut *mut c_void, module: *mut c_void, entry: *const c_char) {
        // SAFETY: promised by the caller.
        let entry = unsafe { CStr::from_ptr(entry) };
        // SAFETY: promised by the caller.
        let function = call.end(unsafe { call.sim()?.function(RawModule(module as u64), entry) })?;
        let mut state = lock(&call.machine.state);
        let kernels = state.modules.get(&(module as u64)).ok_or(answer::NOT_FOUND)?;
        let kernel = kernels.iter().find(|kernel| kernel.name.as_bytes() == entry.to_bytes());
        let kernel = Arc::clone(kernel.ok_or(answer::NOT_FOUND)?);
        state.kernels.insert(function.0, kernel);
        // SAFETY: promised by the caller.
        unsafe { put(out, function.0 as *mut c_void) };
        Ok(())
    }

    /// Launches, with the arguments as bytes.
    fn cuLaunchKernel(
        call,
        function: *mut c_void,
        gx: c_uint,
        gy: c_uint,
        gz: c_uint,
        bx: c_uint,
        by: c_uint,
        bz: c_uint,
        shared: c_uint,
        stream: *mut c_void,
        parameters: *mut *mut c_void,
        extra: *mut *mut c_void
    ) {
        if !parameters.is_null() || extra.is_null() {
            return Err(answer::NOT_SUPPORTED);
        }
        // SAFETY: promised by the caller.
        let bytes = unsafe { arguments(extra) }.ok_or(answer::INVALID_VALUE)?;
        let kernel = lock(&call.machine.state).kernels.get(&(function as u64)).cloned();
        if kernel.ok_or(answer::INVALID_VALUE)?.bytes != bytes.len() {
            return Err(answer::INVALID_VALUE);
        }
        let geometry = Geometry { grid: [gx, gy, gz], block: [bx, by, bz], shared_bytes: shared };
        let (function, stream) = (RawFunction(function as u64), RawStream(stream as u64));
        // SAFETY: promised by the caller.
        call.end(unsafe { call.sim()?.launch(function, &geometry, bytes, stream) })
    }
}

/// The bytes of the arguments, from the list of pairs that ends in a zero.
///
/// # Safety
/// `extra` is such a list, and what it points to is valid.
unsafe fn arguments<'a>(extra: *mut *mut c_void) -> Option<&'a [u8]> {
    let (mut start, mut len) = (std::ptr::null::<u8>(), 0_usize);
    for pair in 0..4 {
        // SAFETY: the list has not ended yet.
        let key = unsafe { *extra.add(2 * pair) } as usize;
        if key == 0 {
            break;
        }
        // SAFETY: a key is followed by its value.
        let value = unsafe { *extra.add(2 * pair + 1) };
        match key {
            1 => start = value.cast(),
            // SAFETY: the size is given by a pointer to it.
            2 => len = unsafe { *value.cast::<usize>() },
            _ => return None,
        }
    }
    if start.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    Some(unsafe { std::slice::from_raw_parts(start, len) })
}

/// The name of an answer.
///
/// # Safety
/// `out` is valid for a write.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the driver's names")]
unsafe extern "C" fn cuGetErrorName(code: c_uint, out: *mut *const c_char) -> c_uint {
    let name = match code {
        answer::SUCCESS => c"CUDA_SUCCESS",
        answer::INVALID_VALUE => c"CUDA_ERROR_INVALID_VALUE",
        answer::OUT_OF_MEMORY => c"CUDA_ERROR_OUT_OF_MEMORY",
        answer::INVALID_DEVICE => c"CUDA_ERROR_INVALID_DEVICE",
        answer::INVALID_IMAGE => c"CUDA_ERROR_INVALID_IMAGE",
        answer::INVALID_CONTEXT => c"CUDA_ERROR_INVALID_CONTEXT",
        answer::NOT_FOUND => c"CUDA_ERROR_NOT_FOUND",
        answer::NOT_READY => c"CUDA_ERROR_NOT_READY",
        answer::LAUNCH_FAILED => c"CUDA_ERROR_LAUNCH_FAILED",
        answer::NOT_SUPPORTED => c"CUDA_ERROR_NOT_SUPPORTED",
        _ => return answer::INVALID_VALUE,
    };
    // SAFETY: promised by the caller.
    unsafe { put(out, name.as_ptr()) };
    answer::SUCCESS
}

/// A C string that a C interface wants.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).unwrap_or_default()
}
