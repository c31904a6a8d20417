//! NVIDIA's devices, through the driver that is found at run time.
//!
//! Nothing of CUDA is needed to build this. Where the driver, one of its functions or a device is absent,
//! [`Cuda::open`] says so; nothing panics. Each device is served in its primary context, which other libraries of the
//! process share; memory is mapped by the driver's virtual memory management, so that frames move without a copy.
//!
//! Invariants: every call makes the context current in its thread first; once the driver has answered with a sticky
//! error the device is lost, and no later call of ours succeeds, whatever the driver says; what gives back is tried
//! even then.

mod answer;
mod calls;
mod nvrtc;
#[cfg(test)]
mod tests;

use super::code::{Code, Image, Source};
use super::driver::{
    Address, Driver, Geometry, MemoryInfo, Properties, RawEvent, RawFrame, RawFunction, RawModule, RawStream,
};
use crate::error::{Error, ErrorKind, Result};
use answer::{Answer, NOT_READY};
use calls::{Calls, calls};
use cudarc::driver::sys::{
    CUcontext, CUdevice, CUevent, CUfunction, CUmemAccess_flags, CUmemAccessDesc, CUmemAllocationHandleType,
    CUmemAllocationProp, CUmemAllocationProp_st__bindgen_ty_1, CUmemAllocationType, CUmemLocation,
    CUmemLocationType, CUmodule, CUstream,
};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// All CUDA devices of a process know each other.
static TURNS: Mutex<()> = Mutex::new(());

/// Numbers of the attributes that are asked for (`CUdevice_attribute`).
mod attribute {
    pub(super) const BLOCK_THREADS_MAX: i32 = 1;
    pub(super) const SHARED_BYTES_MAX: i32 = 8;
    pub(super) const MULTIPROCESSORS: i32 = 16;
    pub(super) const CAPABILITY_MAJOR: i32 = 75;
    pub(super) const CAPABILITY_MINOR: i32 = 76;
    pub(super) const VIRTUAL_MEMORY: i32 = 102;
}

/// `CU_MEMHOSTREGISTER_PORTABLE`: pinned for every device.
const PORTABLE: c_uint = 1;
/// `CU_STREAM_NON_BLOCKING`: no order with the null stream.
const NON_BLOCKING: c_uint = 1;
/// `CU_EVENT_DISABLE_TIMING`.
const NO_TIMING: c_uint = 2;
/// `CU_LAUNCH_PARAM_BUFFER_POINTER`, `.._BUFFER_SIZE` and `.._END`.
const ARGUMENT_BYTES: usize = 1;
const ARGUMENT_SIZE: usize = 2;
/// How often a host that waits looks whether an event has passed, at first and at last.
const LOOK_FIRST: Duration = Duration::from_micros(10);
const LOOK_LAST: Duration = Duration::from_micros(500);

/// One NVIDIA device.
pub struct Cuda {
    calls: &'static Calls,
    properties: Properties,
    device: CUdevice,
    context: CUcontext,
    lost: AtomicBool,
}

// SAFETY: a context is used from any thread that makes it current, which every call does.
unsafe impl Send for Cuda {}
// SAFETY: as above; the driver locks for itself.
unsafe impl Sync for Cuda {}

impl Cuda {
    /// How many devices there are.
    ///
    /// # Errors
    /// `Unsupported` without a driver that has all functions.
    pub fn count() -> Result<u32> {
        let calls = calls()?;
        let mut count: c_int = 0;
        // SAFETY: a place for a number.
        unsafe { (calls.device_count)(&raw mut count) }.check_with(calls, "cuDeviceGetCount")?;
        Ok(u32::try_from(count).unwrap_or(0))
    }

    /// Opens the device with number `index`.
    ///
    /// # Errors
    /// `Unsupported` when the driver, one of its functions, the device or its virtual memory is absent; what the driver
    /// says.
    pub fn open(index: u32) -> Result<Arc<Self>> {
        let name = format!("cuda:{index}");
        Self::find(index, name.clone()).map(Arc::new).map_err(|error| error.with("device", name))
    }

    fn find(index: u32, name: String) -> Result<Self> {
        let calls = calls()?;
        let index = c_int::try_from(index).unwrap_or(c_int::MAX);
        let mut device: CUdevice = 0;
        // SAFETY: a place for a number.
        unsafe { (calls.device_get)(&raw mut device, index) }.check_with(calls, "cuDeviceGet")?;
        let properties = describe(calls, device, name)?;
        let mut context: CUcontext = std::ptr::null_mut();
        // SAFETY: a place for a handle.
        unsafe { (calls.context_retain)(&raw mut context, device) }
            .check_with(calls, "cuDevicePrimaryCtxRetain")?;
        let mut found = Self { calls, properties, device, context, lost: AtomicBool::new(false) };
        let (mut granularity, prop) = (0_usize, found.prop());
        found.enter()?;
        // SAFETY: a place for a number, and a description of memory; 0 asks for the minimum.
        let answer = unsafe { (calls.granularity)(&raw mut granularity, &raw const prop, 0) };
        found.check(answer, "cuMemGetAllocationGranularity")?;
        found.properties.granularity_bytes = (granularity as u64).max(2 << 20);
        Ok(found)
    }

    /// What kind of memory is created: ordinary bytes of this device.
    fn prop(&self) -> CUmemAllocationProp {
        CUmemAllocationProp {
            type_: CUmemAllocationType::CU_MEM_ALLOCATION_TYPE_PINNED,
            requestedHandleTypes: CUmemAllocationHandleType::CU_MEM_HANDLE_TYPE_NONE,
            location: self.location(),
            win32HandleMetaData: std::ptr::null_mut(),
            allocFlags: CUmemAllocationProp_st__bindgen_ty_1 {
                compressionType: 0,
                gpuDirectRDMACapable: 0,
                usage: 0,
                reserved: [0; 4],
            },
        }
    }

    fn location(&self) -> CUmemLocation {
        CUmemLocation { type_: CUmemLocationType::CU_MEM_LOCATION_TYPE_DEVICE, id: self.device }
    }

    fn check(&self, answer: Answer, symbol: &'static str) -> Result<()> {
        if answer.is_sticky() {
            self.lost.store(true, Ordering::Release);
        }
        answer.check_with(self.calls, symbol).map_err(|error| error.with("device", &self.properties.name))
    }

    /// Makes the context current, lost or not.
    fn enter(&self) -> Result<()> {
        // SAFETY: the context is retained as long as this lives.
        self.check(unsafe { (self.calls.context_set)(self.context) }, "cuCtxSetCurrent")
    }

    /// Opens a call that needs a working device.
    fn begin(&self) -> Result<&'static Calls> {
        if self.is_lost() {
            let error = Error::new(ErrorKind::Lost, "the device was lost before");
            return Err(error.with("device", &self.properties.name));
        }
        self.enter()?;
        Ok(self.calls)
    }

    /// Opens a call that gives something back, which is tried on a lost device too.
    fn end(&self) -> &'static Calls {
        // A context that does not become current answers the call itself with an error.
        let _ = self.enter();
        self.calls
    }
}

/// Asks what a device is.
fn describe(calls: &'static Calls, device: CUdevice, name: String) -> Result<Properties> {
    let attribute = |which: c_int| -> Result<u32> {
        let mut value: c_int = 0;
        // SAFETY: a place for a number.
        let answer = unsafe { (calls.device_attribute)(&raw mut value, which, device) };
        answer.check_with(calls, "cuDeviceGetAttribute")?;
        Ok(u32::try_from(value).unwrap_or(0))
    };
    let mut model = [0_u8; 256];
    // SAFETY: 255 bytes to write a C string into; the last stays zero.
    unsafe { (calls.device_name)(model.as_mut_ptr().cast::<c_char>(), 255, device) }
        .check_with(calls, "cuDeviceGetName")?;
    let mut memory_bytes = 0_usize;
    // SAFETY: a place for a number.
    unsafe { (calls.device_total_memory)(&raw mut memory_bytes, device) }
        .check_with(calls, "cuDeviceTotalMem")?;
    if attribute(attribute::VIRTUAL_MEMORY)? == 0 {
        return Err(Error::new(ErrorKind::Unsupported, "the device has no virtual memory management"));
    }
    let model = CStr::from_bytes_until_nul(&model).unwrap_or_default().to_string_lossy().into_owned();
    Ok(Properties {
        name,
        model,
        memory_bytes: memory_bytes as u64,
        granularity_bytes: 2 << 20,
        capability: (attribute(attribute::CAPABILITY_MAJOR)?, attribute(attribute::CAPABILITY_MINOR)?),
        multiprocessors: attribute(attribute::MULTIPROCESSORS)?,
        block_threads_max: attribute(attribute::BLOCK_THREADS_MAX)?,
        shared_bytes_max: attribute(attribute::SHARED_BYTES_MAX)?,
    })
}

/// Handles are the driver's pointers, as numbers.
fn stream(raw: RawStream) -> CUstream {
    raw.0 as CUstream
}

fn event(raw: RawEvent) -> CUevent {
    raw.0 as CUevent
}

impl Driver for Cuda {
    fn properties(&self) -> &Properties {
        &self.properties
    }

    fn memory(&self) -> Result<MemoryInfo> {
        let (calls, mut free, mut total) = (self.begin()?, 0_usize, 0_usize);
        // SAFETY: places for numbers.
        self.check(unsafe { (calls.memory_info)(&raw mut free, &raw mut total) }, "cuMemGetInfo")?;
        Ok(MemoryInfo { free_bytes: free as u64, total_bytes: total as u64 })
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    fn family(&self) -> u64 {
        0
    }

    fn turns(&self) -> &Mutex<()> {
        &TURNS
    }

    fn peer_token(&self) -> u64 {
        self.context as u64
    }

    fn reserve(&self, len: u64) -> Result<Address> {
        let (calls, mut at) = (self.begin()?, 0);
        let align = self.properties.granularity_bytes as usize;
        // SAFETY: a place for an address; the driver chooses it.
        let answer = unsafe { (calls.reserve)(&raw mut at, len as usize, align, 0, 0) };
        self.check(answer, "cuMemAddressReserve")?;
        Ok(Address(at))
    }

    unsafe fn unreserve(&self, at: Address, len: u64) -> Result<()> {
        // SAFETY: promised by the caller.
        self.check(unsafe { (self.end().unreserve)(at.0, len as usize) }, "cuMemAddressFree")
    }

    fn create(&self, len: u64) -> Result<RawFrame> {
        let (calls, prop, mut frame) = (self.begin()?, self.prop(), 0);
        // SAFETY: a place for a handle, and a description of memory.
        let answer = unsafe { (calls.create)(&raw mut frame, len as usize, &raw const prop, 0) };
        self.check(answer, "cuMemCreate")?;
        Ok(RawFrame(frame))
    }

    unsafe fn destroy(&self, frame: RawFrame) -> Result<()> {
        // SAFETY: promised by the caller.
        self.check(unsafe { (self.end().destroy)(frame.0) }, "cuMemRelease")
    }

    unsafe fn map(&self, at: Address, frame: RawFrame, len: u64) -> Result<()> {
        let calls = self.begin()?;
        // SAFETY: promised by the caller.
        self.check(unsafe { (calls.map)(at.0, len as usize, 0, frame.0, 0) }, "cuMemMap")?;
        let flags = CUmemAccess_flags::CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
        let access = CUmemAccessDesc { location: self.location(), flags };
        // SAFETY: one description, for what was mapped just now.
        let answer = unsafe { (calls.set_access)(at.0, len as usize, &raw const access, 1) };
        self.check(answer, "cuMemSetAccess").inspect_err(|_| {
            // SAFETY: mapped just now, and not used yet.
            unsafe { (calls.unmap)(at.0, len as usize) };
        })
    }

    unsafe fn unmap(&self, at: Address, len: u64) -> Result<()> {
        // SAFETY: promised by the caller.
        self.check(unsafe { (self.end().unmap)(at.0, len as usize) }, "cuMemUnmap")
    }

    unsafe fn pin(&self, host: *mut u8, len: usize) -> Result<()> {
        let calls = self.begin()?;
        // SAFETY: promised by the caller.
        self.check(unsafe { (calls.pin)(host.cast(), len, PORTABLE) }, "cuMemHostRegister")
    }

    unsafe fn unpin(&self, host: *mut u8) -> Result<()> {
        // SAFETY: promised by the caller.
        self.check(unsafe { (self.end().unpin)(host.cast()) }, "cuMemHostUnregister")
    }

    fn open_stream(&self) -> Result<RawStream> {
        let (calls, mut raw) = (self.begin()?, std::ptr::null_mut());
        // SAFETY: a place for a handle.
        self.check(unsafe { (calls.stream_create)(&raw mut raw, NON_BLOCKING) }, "cuStreamCreate")?;
        Ok(RawStream(raw as u64))
    }

    unsafe fn close_stream(&self, raw: RawStream) -> Result<()> {
        // SAFETY: promised by the caller.
        self.check(unsafe { (self.end().stream_destroy)(stream(raw)) }, "cuStreamDestroy")
    }

    fn open_event(&self) -> Result<RawEvent> {
        let (calls, mut raw) = (self.begin()?, std::ptr::null_mut());
        // SAFETY: a place for a handle.
        self.check(unsafe { (calls.event_create)(&raw mut raw, NO_TIMING) }, "cuEventCreate")?;
        Ok(RawEvent(raw as u64))
    }

    unsafe fn close_event(&self, raw: RawEvent) -> Result<()> {
        // SAFETY: promised by the caller.
        self.check(unsafe { (self.end().event_destroy)(event(raw)) }, "cuEventDestroy")
    }

    unsafe fn record(&self, raw: RawEvent, on: RawStream) -> Result<()> {
        let calls = self.begin()?;
        // SAFETY: promised by the caller.
        self.check(unsafe { (calls.event_record)(event(raw), stream(on)) }, "cuEventRecord")
    }

    unsafe fn wait(&self, on: RawStream, raw: RawEvent) -> Result<()> {
        let calls = self.begin()?;
        // SAFETY: promised by the caller.
        self.check(unsafe { (calls.stream_wait)(stream(on), event(raw), 0) }, "cuStreamWaitEvent")
    }

    unsafe fn is_past(&self, raw: RawEvent) -> Result<bool> {
        let calls = self.begin()?;
        // SAFETY: promised by the caller.
        let answer = unsafe { (calls.event_query)(event(raw)) };
        if answer.0 == NOT_READY {
            return Ok(false);
        }
        self.check(answer, "cuEventQuery").map(|()| true)
    }

    unsafe fn wait_host(&self, raw: RawEvent, timeout: Duration) -> Result<bool> {
        // The driver's own wait has no deadline.
        let (start, mut pause) = (Instant::now(), LOOK_FIRST);
        loop {
            // SAFETY: promised by the caller.
            if unsafe { self.is_past(raw) }? {
                return Ok(true);
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(LOOK_LAST);
        }
    }

    unsafe fn upload(&self, to: Address, from: *const u8, len: u64, on: RawStream) -> Result<()> {
        let calls = self.begin()?;
        // SAFETY: promised by the caller.
        let answer = unsafe { (calls.upload)(to.0, from.cast(), len as usize, stream(on)) };
        self.check(answer, "cuMemcpyHtoDAsync")
    }

    unsafe fn download(&self, to: *mut u8, from: Address, len: u64, on: RawStream) -> Result<()> {
        let calls = self.begin()?;
        // SAFETY: promised by the caller.
        let answer = unsafe { (calls.download)(to.cast(), from.0, len as usize, stream(on)) };
        self.check(answer, "cuMemcpyDtoHAsync")
    }

    unsafe fn copy(&self, to: Address, from: Address, len: u64, on: RawStream) -> Result<()> {
        let calls = self.begin()?;
        // SAFETY: promised by the caller.
        let answer = unsafe { (calls.copy)(to.0, from.0, len as usize, stream(on)) };
        self.check(answer, "cuMemcpyDtoDAsync")
    }

    unsafe fn copy_peer(&self, to: Address, peer: u64, from: Address, len: u64, on: RawStream) -> Result<()> {
        let (calls, peer) = (self.begin()?, peer as CUcontext);
        // SAFETY: promised by the caller.
        let answer = unsafe { (calls.copy_peer)(to.0, self.context, from.0, peer, len as usize, stream(on)) };
        self.check(answer, "cuMemcpyPeerAsync")
    }

    unsafe fn fill(&self, at: Address, byte: u8, len: u64, on: RawStream) -> Result<()> {
        let calls = self.begin()?;
        // SAFETY: promised by the caller.
        self.check(unsafe { (calls.fill)(at.0, byte, len as usize, stream(on)) }, "cuMemsetD8Async")
    }

    fn compile(&self, source: &Source<'_>) -> Result<Image> {
        let compiled = nvrtc::compile(source, self.properties.capability);
        compiled.map_err(|error| error.with("device", &self.properties.name))
    }

    fn compiler(&self) -> Result<String> {
        nvrtc::version().map_err(|error| error.with("device", &self.properties.name))
    }

    fn load(&self, code: &Code<'_>) -> Result<RawModule> {
        let refused =
            |message| Error::new(ErrorKind::Unsupported, message).with("device", &self.properties.name);
        let image = match code {
            Code::Ptx(text) => text.as_bytes(),
            Code::Image(image) => &image.0,
            Code::Host(_) => return Err(refused("functions of this process do not run on the device")),
        };
        // The driver reads text up to a zero byte, and a binary as long as its header says.
        let mut owned = image.to_vec();
        owned.push(0);
        let (calls, mut raw) = (self.begin()?, std::ptr::null_mut());
        // SAFETY: a place for a handle, and an image that ends in a zero byte.
        let answer = unsafe { (calls.module_load)(&raw mut raw, owned.as_ptr().cast()) };
        self.check(answer, "cuModuleLoadData")?;
        Ok(RawModule(raw as u64))
    }

    unsafe fn unload(&self, module: RawModule) -> Result<()> {
        // SAFETY: promised by the caller.
        self.check(unsafe { (self.end().module_unload)(module.0 as CUmodule) }, "cuModuleUnload")
    }

    unsafe fn function(&self, module: RawModule, entry: &CStr) -> Result<RawFunction> {
        let (calls, mut raw) = (self.begin()?, std::ptr::null_mut());
        // SAFETY: a place for a handle; the module is promised by the caller.
        let answer = unsafe { (calls.module_function)(&raw mut raw, module.0 as CUmodule, entry.as_ptr()) };
        self.check(answer, "cuModuleGetFunction")
            .map_err(|error| error.with("entry", entry.to_string_lossy()))?;
        Ok(RawFunction(raw as u64))
    }

    unsafe fn launch(
        &self,
        function: RawFunction,
        geometry: &Geometry,
        arguments: &[u8],
        on: RawStream,
    ) -> Result<()> {
        let (calls, mut size) = (self.begin()?, arguments.len());
        let mut extra: [*mut c_void; 5] = [
            ARGUMENT_BYTES as *mut c_void,
            arguments.as_ptr().cast_mut().cast(),
            ARGUMENT_SIZE as *mut c_void,
            (&raw mut size).cast(),
            std::ptr::null_mut(),
        ];
        let ([gx, gy, gz], [bx, by, bz]) = (geometry.grid, geometry.block);
        let (function, none) = (function.0 as CUfunction, std::ptr::null_mut());
        // SAFETY: the bytes of the arguments are read before the call returns; the rest is promised by the caller.
        let answer = unsafe {
            let shared = geometry.shared_bytes;
            (calls.launch)(function, gx, gy, gz, bx, by, bz, shared, stream(on), none, extra.as_mut_ptr())
        };
        self.check(answer, "cuLaunchKernel")
    }
}

impl Drop for Cuda {
    fn drop(&mut self) {
        // SAFETY: retained once by `open`.
        unsafe { (self.calls.context_release)(self.device) };
    }
}

impl fmt::Debug for Cuda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cuda")
            .field("name", &self.properties.name)
            .field("model", &self.properties.model)
            .field("lost", &self.is_lost())
            .finish_non_exhaustive()
    }
}
