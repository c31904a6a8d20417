//! What an instruction set does: the loops over values, compiled with its instructions, and what it spells out.

use super::Loop;
use super::table::Table;
use crate::number::sealed::{Stored, Value};
use crate::number::{Odd, f16};
use std::mem::MaybeUninit;

/// One cache line, the unit of stores past the cache.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [u8; 64]);

/// Bytes of a cache line.
pub(super) const LINE_BYTES: usize = size_of::<Line>();

/// The loops of one instruction set. A value of an implementor proves that this machine has its instructions.
pub(super) trait Kernels: Copy + Send {
    /// Converts value by value; as many as both have.
    fn values<T: Value, U: Value>(self, from: &[T], to: &mut [U]);

    /// Takes pairs apart.
    fn unpack<S: Stored>(self, stored: &[S], values: &mut [S::Value]);

    /// Puts pairs together.
    fn pack<S: Stored>(self, values: &[S::Value], stored: &mut [S]);

    /// Half floats as `f32`; as many as both have.
    fn widen(self, from: &[f16], to: &mut [f32]) {
        self.values(from, to);
    }

    /// The nearest half floats, ties to even; as many as both have.
    fn narrow(self, from: &[f32], to: &mut [f16]) {
        self.values(from, to);
    }

    /// Values rounded to odd; as many as both have.
    fn odd<T: Value>(self, from: &[T], to: &mut [Odd]) {
        self.values(from, to);
    }

    /// What singles become; as many as both have.
    fn singles<U: Value>(self, from: &[f32], to: &mut [U]) {
        self.values(from, to);
    }

    /// Whether [`look_up`](Self::look_up) does many at once.
    fn looks_up(self) -> bool {
        false
    }

    /// What each byte becomes by the table, whose width is `WIDTH`; as many as both have.
    fn look_up<const WIDTH: usize>(self, table: &Table, bytes: &[u8], to: &mut [[u8; WIDTH]]) {
        look_up(table, bytes, to);
    }

    /// Asks for memory that will be read soon, where the set can.
    fn prefetch<T>(self, _soon: &[T]) {}

    /// Copies whole lines past the cache, where the set can; as many as both have. [`fence`](Self::fence) ends it.
    fn stream(self, from: &[Line], to: &mut [Line]) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }

    /// Writes one line everywhere, past the cache, where the set can. [`fence`](Self::fence) ends it.
    fn stream_fill(self, line: &Line, to: &mut [MaybeUninit<Line>]) {
        to.fill(MaybeUninit::new(*line));
    }

    /// Runs a loop, compiled with the instructions of the set.
    fn run(self, work: impl Loop) {
        work.run();
    }

    /// Orders what was streamed before what is stored next.
    fn fence(self) {}
}

/// The loop behind [`Kernels::values`], to be compiled with the instructions of its caller.
#[inline(always)]
pub(super) fn values<T: Value, U: Value>(from: &[T], to: &mut [U]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = U::nearest(from.exact());
    }
}

/// The loop behind [`Kernels::look_up`] where vectors cannot.
pub(super) fn look_up<const WIDTH: usize>(table: &Table, bytes: &[u8], to: &mut [[u8; WIDTH]]) {
    for (to, byte) in to.iter_mut().zip(bytes) {
        to.copy_from_slice(&table.rows[usize::from(*byte)][..WIDTH]);
    }
}

/// Asks for every line of `soon`.
#[cfg(target_arch = "x86_64")]
pub(super) fn prefetch<T>(soon: &[T]) {
    let first = soon.as_ptr().cast::<i8>();
    for line in 0..size_of_val(soon) / LINE_BYTES {
        let line = first.wrapping_add(line * LINE_BYTES);
        // SAFETY: a hint, which no address makes wrong; every x86-64 has it.
        unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line) };
    }
}

/// Compiles the loops with the target features given, for the set `$set` whose value proves them.
macro_rules! compiled_with {
    ($features:literal) => {
        fn values<T: Value, U: Value>(self, from: &[T], to: &mut [U]) {
            #[target_feature(enable = $features)]
            fn compiled<T: Value, U: Value>(from: &[T], to: &mut [U]) {
                kernels::values(from, to);
            }
            // SAFETY: `self` proves that the machine has these features.
            unsafe { compiled(from, to) }
        }

        fn unpack<S: Stored>(self, stored: &[S], values: &mut [S::Value]) {
            #[target_feature(enable = $features)]
            fn compiled<S: Stored>(stored: &[S], values: &mut [S::Value]) {
                S::unpack(stored, values);
            }
            // SAFETY: `self` proves that the machine has these features.
            unsafe { compiled(stored, values) }
        }

        fn pack<S: Stored>(self, values: &[S::Value], stored: &mut [S]) {
            #[target_feature(enable = $features)]
            fn compiled<S: Stored>(values: &[S::Value], stored: &mut [S]) {
                S::pack(values, stored);
            }
            // SAFETY: `self` proves that the machine has these features.
            unsafe { compiled(values, stored) }
        }

        fn run(self, work: impl super::Loop) {
            #[target_feature(enable = $features)]
            fn compiled(work: impl super::Loop) {
                work.run();
            }
            // SAFETY: `self` proves that the machine has these features.
            unsafe { compiled(work) }
        }
    };
}
pub(super) use compiled_with;
