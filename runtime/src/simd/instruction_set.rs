//! Which instructions this machine has, and the set that is used, chosen once.

use super::Loop;
use super::blocks::{self, Path};
use super::kernels::Kernels;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::scalar::Scalar;
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512};
use crate::error::Result;
use crate::number::Number;
use std::fmt;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

/// The vector instructions that slices are converted with.
///
/// ```
/// use stratal_runtime::simd::InstructionSet;
/// assert!(InstructionSet::available().contains(&InstructionSet::chosen()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionSet(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Scalar(Scalar),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
}

/// Runs a block of code with `$kernels` being those of a set.
macro_rules! with_kernels {
    ($set:expr, $kernels:ident => $code:expr) => {
        match $set {
            Set::Scalar($kernels) => $code,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2($kernels) => $code,
            #[cfg(target_arch = "x86_64")]
            Set::Avx512($kernels) => $code,
            #[cfg(target_arch = "aarch64")]
            Set::Neon($kernels) => $code,
        }
    };
}

impl InstructionSet {
    /// The set in use: the widest that this machine has.
    #[must_use]
    pub fn chosen() -> Self {
        static CHOSEN: OnceLock<InstructionSet> = OnceLock::new();
        *CHOSEN.get_or_init(|| Self::available().last().copied().unwrap_or(Self(Set::Scalar(Scalar))))
    }

    /// Every set that this machine has, the narrowest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut found = vec![Set::Scalar(Scalar)];
        #[cfg(target_arch = "x86_64")]
        found.extend(Avx2::detect().map(Set::Avx2));
        #[cfg(target_arch = "x86_64")]
        found.extend(Avx512::detect().map(Set::Avx512));
        #[cfg(target_arch = "aarch64")]
        found.extend(Neon::detect().map(Set::Neon));
        found.into_iter().map(Self).collect()
    }

    /// Its name, such as `avx512`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Set::Scalar(_) => "scalar",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(set) => set.name(),
            #[cfg(target_arch = "aarch64")]
            Set::Neon(_) => "neon",
        }
    }

    /// As [`convert`](super::convert), with this set.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the two hold different numbers of values.
    pub fn convert<T: Number, U: Number>(self, from: &[T], to: &mut [U]) -> Result<()> {
        blocks::same_count(from, to)?;
        self.convert_by(from, to, Path::by_size(to));
        Ok(())
    }

    /// Converts equally many values.
    pub(super) fn convert_by<T: Number, U: Number>(self, from: &[T], to: &mut [U], path: Path) {
        with_kernels!(self.0, kernels => blocks::convert(kernels, from, to, path));
    }

    /// Runs a loop.
    pub(super) fn run(self, work: impl Loop) {
        with_kernels!(self.0, kernels => kernels.run(work));
    }

    /// Writes `value` everywhere.
    pub(super) fn fill<T: Number>(self, slots: &mut [MaybeUninit<T>], value: T, path: Path) {
        with_kernels!(self.0, kernels => blocks::fill(kernels, slots, value, path));
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
