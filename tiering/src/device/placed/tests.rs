//! Tensors that travel: host, device, neighbour, host; refusals give them back.

use super::{Device, OnDevice, block_of};
use crate::error::ErrorKind;
use stratal_runtime::tensor::{C, Dyn, Tensor};

fn ramp(len: usize) -> Tensor<f32, (Dyn,)> {
    Tensor::from_fn([len], |[i]: [usize; 1]| i as f32).unwrap().named("ramp")
}

#[test]
fn a_tensor_travels_and_keeps_its_bytes() {
    for len in [1, 1000, 1 << 20] {
        let mut tensor = ramp(len);
        for device in
            [Device::Sim(0), Device::Sim(1), Device::Sim(0), Device::Cpu, Device::Sim(1), Device::Cpu]
        {
            tensor = tensor.to_device(device).unwrap();
            assert_eq!((tensor.device(), tensor.name()), (Some(device), "ramp"));
            assert_eq!(block_of(tensor.as_any()).is_some(), device != Device::Cpu);
            let lease = tensor.read().unwrap();
            assert!(lease.iter().zip(0..).all(|(&value, i)| value == i as f32), "{len} on {device}");
        }
        tensor.write().unwrap()[0] = 5.0;
    }
}

#[test]
fn a_lease_outlives_the_tensor_and_a_part_is_a_part() {
    let tensor = ramp(3000).to_device(Device::Sim(0)).unwrap();
    let (all, some) = (tensor.read().unwrap(), tensor.read_rows(100..200).unwrap());
    drop(tensor);
    assert_eq!((all[2999], some[0], some.len()), (2999.0, 100.0, 100));
}

#[test]
fn what_cannot_be_is_told_and_the_tensor_comes_back() {
    let tensor = ramp(10);
    let refused = tensor.to_device(Device::Sim(9)).unwrap_err();
    let (error, tensor) = refused.into_parts();
    assert_eq!((error.kind(), tensor.read().unwrap()[9]), (ErrorKind::Unsupported, 9.0));
    let tensor = tensor.to_device(Device::Sim(0)).unwrap();
    let error = tensor.write().unwrap_err();
    assert_eq!((error.kind(), error.fact("tensor")), (ErrorKind::Unsupported, Some("ramp")), "{error}");
    let vast = Tensor::<f32, (Dyn,)>::zeros_on(Device::Sim(0), [1 << 30]).unwrap_err();
    assert_eq!(vast.kind(), ErrorKind::Budget, "{vast}");
    let misfit = Tensor::<f32, (C<3>,)>::zeros_on(Device::Sim(0), [4]).unwrap_err();
    assert_eq!(misfit.kind(), ErrorKind::Shape);
    // A source with a writer is refused, and stays.
    let tensor = ramp(10);
    let writer = tensor.write().unwrap();
    let (error, _tensor) = tensor.to_device(Device::Sim(0)).unwrap_err().into_parts();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    drop(writer);
}
