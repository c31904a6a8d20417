//! Levels of pressure, and devices that are not there.

use super::{Device, MemoryInfo, Pressure};
use crate::error::ErrorKind;
use std::sync::Arc;

#[test]
fn pressure_has_its_borders_at_70_and_90_percent() {
    let of = |used: u64| Pressure::of(MemoryInfo { free_bytes: 1000 - used, total_bytes: 1000 });
    assert_eq!([of(0), of(699)], [Pressure::Low; 2]);
    assert_eq!([of(700), of(899)], [Pressure::Moderate; 2]);
    assert_eq!([of(900), of(1000)], [Pressure::High; 2]);
    let huge = MemoryInfo { free_bytes: 0, total_bytes: u64::MAX };
    assert_eq!(Pressure::of(huge), Pressure::High);
}

#[test]
fn devices_are_opened_once_and_absent_ones_are_named() {
    let twice = [Device::Sim(0).driver().unwrap(), Device::Sim(0).driver().unwrap()];
    assert!(Arc::ptr_eq(&twice[0], &twice[1]));
    for absent in [Device::Cpu, Device::Sim(2), Device::Cuda(u32::MAX)] {
        let error = absent.driver().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert_eq!(error.fact("device"), Some(absent.to_string().as_str()));
    }
}
