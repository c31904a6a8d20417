//! A call run on a device too: on the simulator, or where `STRATAL_KERNELS_ON=cuda` asks for it on an NVIDIA device,
//! which is the fake driver's in the child that `fake` starts. What it gives is the host's result bit by bit, in new
//! tensors and in written ones, and so are its errors. A NaN is equal to a NaN, and where C's functions of `math.h` are
//! called, floats may differ by what those do.

use stratal::runtime::kernel::{Call, Kernel};
use stratal::runtime::tensor::managed::Access;
use stratal::tiering::launch::submit;
use stratal::{AnyTensor, DType, Device, Element, Result, Shape, Stream, Tensor};

/// Runs on the host and on a device.
pub(crate) trait Everywhere {
    type Output;

    /// What the host gives, after a device gave the same.
    fn run_everywhere(self) -> Result<Self::Output>;
}

/// The device that kernels run on beside the host.
pub(crate) fn device() -> Device {
    match std::env::var("STRATAL_KERNELS_ON") {
        Ok(name) if name == "cuda" => Device::Cuda(0),
        _ => Device::Sim(0),
    }
}

fn bytes(tensor: &AnyTensor) -> Result<Vec<u8>> {
    Ok(tensor.lease(Access::Read)?.to_vec())
}

/// The bytes of new tensors, and written tensors with theirs.
type Found = (Vec<Vec<u8>>, Vec<(AnyTensor, Vec<u8>)>);

/// What a device makes of a call: the new tensors, and the written ones, which are then as before.
fn on_device<K: Kernel>(call: &Call<K>, stream: &Stream) -> Result<Found> {
    call.request(|request| {
        let pairs = request.tensors.iter().zip(request.descriptor.tensors);
        let written: Vec<&AnyTensor> =
            pairs.filter(|(_, about)| about.written).map(|(tensor, _)| *tensor).collect();
        let before = written.iter().map(|tensor| bytes(tensor)).collect::<Result<Vec<_>>>()?;
        let made = submit(request, stream)?;
        let made = made.iter().map(bytes).collect::<Result<Vec<_>>>()?;
        let after =
            written.iter().map(|tensor| Ok((tensor.share(), bytes(tensor)?))).collect::<Result<_>>()?;
        for (tensor, before) in written.iter().zip(before) {
            let mut lease = tensor.lease(Access::Write)?;
            lease.bytes_mut().expect("a writing lease").copy_from_slice(&before);
        }
        Ok((made, after))
    })
}

impl<K: Kernel> Everywhere for Call<K>
where
    K::Output: Tensors,
{
    type Output = K::Output;

    fn run_everywhere(self) -> Result<K::Output> {
        let (device, name) = (device(), self.descriptor().name);
        let found = on_device(&self, &device.stream()?);
        let source = self.descriptor().cuda_source();
        let exact = matches!(device, Device::Sim(_)) || !MATH.iter().any(|name| source.contains(name));
        let host = self.run();
        match (&host, found) {
            (Ok(host), Ok((made, written))) => {
                let mut made = made.into_iter();
                host.each(&mut |tensor| {
                    let found = made.next().expect("as many tensors");
                    same(tensor, &found, exact).unwrap_or_else(|what| panic!("{name} on {device}: {what}"));
                });
                assert!(made.next().is_none());
                for (tensor, found) in written {
                    same(&tensor, &found, exact).unwrap_or_else(|what| panic!("{name} on {device}: {what}"));
                }
            }
            (Err(host), Err(found)) => assert_eq!(host.kind(), found.kind(), "{host} {found}"),
            (Err(host), Ok(_)) => panic!("{name}: only the host says {host}"),
            (Ok(_), Err(found)) => panic!("{name}: only {device} says {found}"),
        }
        host
    }
}

/// Functions that C and Rust may round differently.
const MATH: &[&str] = &["exp", "log", "sin", "cos", "tan", "pow", "cbrt", "hypot", "erf"];

fn same(tensor: &AnyTensor, found: &[u8], exact: bool) -> Result<(), String> {
    let host = bytes(tensor).map_err(|error| error.to_string())?;
    let size = tensor.dtype().size();
    if host.len() != found.len() {
        return Err(format!("{} bytes, not {}", found.len(), host.len()));
    }
    for (at, (a, b)) in host.chunks_exact(size).zip(found.chunks_exact(size)).enumerate() {
        let equal = a == b
            || match (float(tensor.dtype(), a), float(tensor.dtype(), b)) {
                (Some(a), Some(b)) if a.is_nan() && b.is_nan() => true,
                (Some(a), Some(b)) => !exact && (a - b).abs() <= 1e-5 * a.abs().max(1e-5),
                _ => false,
            };
        if !equal {
            return Err(format!("element {at}: {a:?} on the host, {b:?} there"));
        }
    }
    Ok(())
}

fn float(dtype: DType, bytes: &[u8]) -> Option<f64> {
    let word = bytes.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    match dtype {
        DType::F32 => Some(f64::from(f32::from_bits(word as u32))),
        DType::F64 => Some(f64::from_bits(word)),
        DType::F16 => Some(f64::from(stratal::f16::from_bits(word as u16).to_f32())),
        DType::BF16 => Some(f64::from(f32::from_bits((word as u32) << 16))),
        _ => None,
    }
}

/// What a kernel returns, one tensor after the other.
pub(crate) trait Tensors {
    fn each(&self, with: &mut dyn FnMut(&AnyTensor));
}

impl<T: Element, S: Shape> Tensors for Tensor<T, S> {
    fn each(&self, with: &mut dyn FnMut(&AnyTensor)) {
        with(self.as_any());
    }
}

macro_rules! tuples {
    ($(($($name:ident $at:tt),*);)+) => {
        $(impl<$($name: Tensors),*> Tensors for ($($name,)*) {
            fn each(&self, _with: &mut dyn FnMut(&AnyTensor)) {
                $(self.$at.each(_with);)*
            }
        })+
    };
}

tuples! {
    ();
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
}
