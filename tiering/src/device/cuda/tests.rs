//! CUDA without a GPU: absent and unfit libraries, the whole suite on the fake driver, every fault of every call.
//!
//! The fake driver is built when a test first needs it, and loaded by a child of this process whose `LD_LIBRARY_PATH`
//! finds it: this process must stay able to find the real one.

use super::super::conformance::{Devices, PROMISES, kernels_run_in_order, whole_life};
use super::super::{Code, Driver, Module, Source, Stream};
use super::Cuda;
use super::calls::Calls;
use crate::error::{ErrorKind, Result};
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

/// Set in the children.
const CHILD: &str = "STRATAL_FAKE_CUDA_CHILD";

/// A folder of this test run, beside its executable.
fn folder(name: &str) -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    let folder = exe.parent().unwrap().join("fake-cuda").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A folder with the fake driver and its compiler.
fn fake() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build)
}

fn build() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    let built = exe.parent().unwrap().parent().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root).args(["build", "--offline", "--package", "stratal-fake-cuda", "--target-dir"]);
    cargo.arg(built.parent().unwrap());
    if built.ends_with("release") {
        cargo.arg("--release");
    }
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (library, folder) = (built.join("libstratal_fake_cuda.so"), folder("driver"));
    // Both names that the search tries first and that a system has.
    for name in ["libcuda.so", "libcuda.so.1", "libnvrtc.so"] {
        let fresh = folder.join(format!("{name}.{}", std::process::id()));
        std::fs::copy(&library, &fresh).unwrap();
        std::fs::rename(&fresh, folder.join(name)).unwrap();
    }
    folder
}

/// Runs one of the ignored tests below in a child that finds libraries in `folder`.
fn child(test: &str, folder: &Path) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([&format!("device::cuda::tests::{test}"), "--exact", "--ignored", "--nocapture"]);
    let output = command.env("LD_LIBRARY_PATH", folder).env(CHILD, "1").output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{test}: {text}");
    text.lines().filter(|line| line.contains("SKIPPED")).for_each(|line| println!("{line}"));
}

fn is_child() -> bool {
    let child = std::env::var_os(CHILD).is_some();
    if !child {
        println!("SKIPPED: runs in a child process that finds other libraries, started by another test");
    }
    child
}

#[test]
fn the_fake_driver_keeps_every_promise() {
    child("promises_on_the_fake", fake());
}

#[test]
fn every_fault_of_every_driver_call_is_a_typed_error() {
    child("faults_on_the_fake", fake());
}

#[test]
fn a_library_without_the_functions_is_a_typed_error() {
    let folder = folder("unfit");
    let source = folder.join("unfit.c");
    std::fs::write(&source, "int cuInit(unsigned flags) { return 0; }\n").unwrap();
    let compiled =
        Command::new("gcc").arg("-shared").arg(&source).arg("-o").arg(folder.join("libcuda.so")).status();
    if !compiled.is_ok_and(|status| status.success()) {
        println!("SKIPPED: no gcc to build an unfit library with");
        return;
    }
    child("an_unfit_library", &folder);
}

/// On this machine: a device that keeps every promise, or a typed error that says what is absent.
#[test]
fn hardware_keeps_every_promise_or_is_named_absent() {
    match Cuda::open(0) {
        Ok(first) => {
            println!("on {}", first.properties().model);
            let second = Cuda::open(1).ok();
            let devices = [Some(first), second].into_iter().flatten();
            let devices: Devices = devices.map(|device| device as Arc<dyn Driver>).collect();
            for (name, promise) in PROMISES {
                println!("{name}");
                promise(&devices);
            }
            kernels_run_in_order(&devices, compiled);
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            println!("SKIPPED: no CUDA device to judge: {error}");
        }
    }
}

#[test]
#[ignore = "run in a child by a_library_without_the_functions_is_a_typed_error"]
fn an_unfit_library() {
    if is_child() {
        let error = Cuda::open(0).unwrap_err();
        assert_eq!(
            (error.kind(), error.fact("symbol")),
            (ErrorKind::Unsupported, Some("cuDeviceGet")),
            "{error}"
        );
        assert_eq!(Cuda::count().unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

const SCALE: &str = r#"extern "C" __global__ void scale(float *x, float factor, unsigned count) {
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) x[i] *= factor;
}
"#;

/// `scale` by the compiler; `None`, loudly, where there is none.
fn compiled(device: &Arc<dyn Driver>) -> Option<Arc<Module>> {
    match load(device) {
        Ok(module) => Some(module),
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            println!("SKIPPED: kernels, for {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn load(device: &Arc<dyn Driver>) -> Result<Arc<Module>> {
    let image = device.compile(&Source { text: SCALE, name: "scale.cu", options: &["--fmad=false"] })?;
    Module::load(device, &Code::Image(&image))
}

/// What the fake driver has to say, a line each.
fn report() -> Vec<String> {
    let mut text = vec![0_u8; 1 << 16];
    // SAFETY: the fake's own function, of this type.
    let report = unsafe {
        cudarc::driver::sys::culib()
            .get::<unsafe extern "C" fn(*mut u8, usize) -> usize>(b"stratal_fake_report\0")
            .unwrap()
    };
    // SAFETY: the buffer is that long.
    let len = unsafe { report(text.as_mut_ptr(), text.len()) };
    String::from_utf8_lossy(&text[..len.min(1 << 16)]).lines().map(str::to_owned).collect()
}

fn reset() {
    // SAFETY: the fake's own function, of this type.
    let reset = unsafe {
        cudarc::driver::sys::culib().get::<unsafe extern "C" fn()>(b"stratal_fake_reset\0").unwrap()
    };
    // SAFETY: no handle of the old machine is used after this.
    unsafe { reset() };
}

fn plan(symbol: &str, nth: u32, fault: u32) {
    let symbol = CString::new(symbol).unwrap();
    // SAFETY: the fake's own function, of this type.
    let plan = unsafe {
        cudarc::driver::sys::culib()
            .get::<unsafe extern "C" fn(*const std::ffi::c_char, u32, u32)>(b"stratal_fake_plan\0")
            .unwrap()
    };
    // SAFETY: a C string.
    unsafe { plan(symbol.as_ptr(), nth, fault) };
}

fn open() -> Result<Devices> {
    Ok(vec![Cuda::open(0)? as Arc<dyn Driver>, Cuda::open(1)?])
}

#[test]
#[ignore = "run in a child by the_fake_driver_keeps_every_promise"]
fn promises_on_the_fake() {
    if !is_child() {
        return;
    }
    assert_eq!(Cuda::count().unwrap(), 2);
    let error = Cuda::open(7).unwrap_err();
    assert_eq!((error.kind(), error.fact("device")), (ErrorKind::Unsupported, Some("cuda:7")));
    for (name, promise) in PROMISES {
        let devices = open().unwrap();
        assert_eq!(devices[0].properties().capability, (8, 0));
        promise(&devices);
        drop(devices);
        assert_eq!(report(), Vec::<String>::new(), "{name}");
    }
    let devices = open().unwrap();
    kernels_run_in_order(&devices, compiled);
    barriers_hold(&devices[0]);
    bad_code_is_named(&devices[0]);
    drop(devices);
    assert_eq!(report(), Vec::<String>::new());
}

/// Threads of a block meet: a sum by halves in shared memory.
fn barriers_hold(device: &Arc<dyn Driver>) {
    let text = r#"extern "C" __global__ void __launch_bounds__(64) sums(const int *in, int *out) {
        __shared__ int part[64];
        part[threadIdx.x] = in[blockIdx.x * 64 + threadIdx.x];
        for (unsigned half = 32; half > 0; half /= 2) {
            __syncthreads();
            if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
        }
        if (threadIdx.x == 0) out[blockIdx.x] = part[0];
    }"#;
    let image = device.compile(&Source { text, name: "sums.cu", options: &[] }).unwrap();
    let module = Module::load(device, &Code::Image(&image)).unwrap();
    let (sums, stream) = (module.function("sums").unwrap(), Stream::open(device).unwrap());
    let pool = super::super::DevicePool::new(device, 4 << 20);
    let (input, output) = (pool.allocate(4 * 640).unwrap(), pool.allocate(40).unwrap());
    stream.upload(&input, 0, (0..640_i32).flat_map(i32::to_le_bytes).collect::<Vec<u8>>()).unwrap();
    let arguments = [input.address().0.to_le_bytes(), output.address().0.to_le_bytes()].concat();
    let mut turn = stream.turn();
    turn.uses(input.uses(), super::super::Touch::Read).unwrap();
    turn.uses(output.uses(), super::super::Touch::Write).unwrap();
    let geometry = super::Geometry { grid: [10, 1, 1], block: [64, 1, 1], shared_bytes: 0 };
    // SAFETY: `sums(const int*, int*)` over 640 and 10 numbers, in blocks that outlive the stream's work.
    unsafe { turn.launch(sums.raw(), &geometry, &arguments) }.unwrap();
    turn.end().unwrap();
    let back =
        stream.download(vec![0; 40], &output, 0).unwrap().wait(super::super::conformance::SOON).unwrap();
    let expected = (0..10_i32).flat_map(|block| (64 * 64 * block + 2016).to_le_bytes());
    assert_eq!(back, expected.collect::<Vec<u8>>());
    // A byte of arguments too few is refused, not read.
    // SAFETY: refused before anything runs.
    let error = unsafe { stream.turn().launch(sums.raw(), &geometry, &arguments[..15]) }.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Device);
}

fn bad_code_is_named(device: &Arc<dyn Driver>) {
    let text = "extern \"C\" __global__ void wrong(float *x) { x[0] = y; }";
    let error = device.compile(&Source { text, name: "wrong.cu", options: &[] }).unwrap_err();
    assert_eq!((error.kind(), error.fact("source")), (ErrorKind::Compile, Some("wrong.cu")), "{error}");
    assert!(error.to_string().contains("kernel.cu:1"), "{error}");
    assert_eq!(Module::load(device, &Code::Ptx("no code")).unwrap_err().kind(), ErrorKind::Device);
    assert_eq!(Module::load(device, &Code::Host(&[])).unwrap_err().kind(), ErrorKind::Unsupported);
    let ptx = ".visible .entry half(\n.param .u64 x,\n.param .align 4 .b8 y[12], .param .f32 z)\n{ ret; }";
    let half = Module::load(device, &Code::Ptx(ptx)).unwrap().function("half").unwrap();
    let (stream, geometry) = (Stream::open(device).unwrap(), super::Geometry::line(1, 1));
    // SAFETY: the kernel reads and writes nothing.
    unsafe { stream.turn().launch(half.raw(), &geometry, &[0; 24]) }.unwrap();
    // SAFETY: as above.
    unsafe { stream.turn().launch(half.raw(), &geometry, &[0; 28]) }.unwrap_err();
    stream.finish(super::super::conformance::SOON).unwrap();
}

/// Every call, failing at its first and second use, in each way.
#[test]
#[ignore = "run in a child by every_fault_of_every_driver_call_is_a_typed_error"]
fn faults_on_the_fake() {
    if !is_child() {
        return;
    }
    let life = || -> Result<()> {
        Cuda::count()?;
        whole_life(&open()?, load)
    };
    life().unwrap();
    assert_eq!(report(), Vec::<String>::new());
    let mut never = Vec::new();
    for &symbol in Calls::SYMBOLS {
        let mut strikes = 0;
        for fault in 0..4 {
            for nth in 0..2 {
                reset();
                plan(symbol, nth, fault);
                let result = life();
                let report = report();
                let what = format!("{symbol} {nth} {fault}: {result:?} {report:?}");
                let struck = !report.iter().any(|line| line.starts_with("planned"));
                strikes += u32::from(struck);
                if let Err(error) = &result {
                    assert!(struck && error.kind() == expected(fault), "{what}");
                }
                let lost = report.iter().any(|line| line.starts_with("lost"));
                assert_eq!(lost, struck && fault >= 2, "{what}");
                assert!(!lost || result.is_err() || ends(symbol), "{what}");
                assert!(
                    report.iter().all(|line| line.starts_with("lost") || line.starts_with("planned")),
                    "{what}"
                );
            }
        }
        if strikes == 0 {
            never.push(symbol);
        }
    }
    // The one is called once in a process, the other only when there is an error already.
    assert_eq!(never, ["cuInit", "cuGetErrorName"]);
}

fn expected(fault: u32) -> ErrorKind {
    match fault {
        0 => ErrorKind::OutOfMemory,
        1 => ErrorKind::Device,
        _ => ErrorKind::Lost,
    }
}

/// Calls that a life makes when its work is done already.
fn ends(symbol: &str) -> bool {
    ["Destroy_v2", "Release", "Release_v2", "Unmap", "Free", "Unload", "Unregister"]
        .iter()
        .any(|end| symbol.ends_with(end))
}
