//! No instructions but those that every machine of the architecture has.

use super::kernels::{self, Kernels};
use crate::number::sealed::{Stored, Value};

/// Every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scalar;

impl Kernels for Scalar {
    fn values<T: Value, U: Value>(self, from: &[T], to: &mut [U]) {
        kernels::values(from, to);
    }

    fn unpack<S: Stored>(self, stored: &[S], values: &mut [S::Value]) {
        S::unpack(stored, values);
    }

    fn pack<S: Stored>(self, values: &[S::Value], stored: &mut [S]) {
        S::pack(values, stored);
    }
}
