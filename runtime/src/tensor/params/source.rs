//! Where parameters come from: names, what each declares, and a tensor for each.

use super::super::any::AnyTensor;
use super::super::dtype::DType;
use super::Adopt;
use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

/// What a source says about one tensor without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamInfo {
    /// Type of the elements.
    pub dtype: DType,
    /// Size of each axis.
    pub shape: Vec<usize>,
}

/// Named tensors that can be adopted, one at a time.
pub trait ParamSource {
    /// What errors call the source, such as the path of a file.
    fn title(&self) -> String;

    /// The names of all tensors, in any order.
    fn names(&self) -> Vec<&str>;

    /// What is known about the tensor called `name`; `None` if there is none.
    fn find(&self, name: &str) -> Option<ParamInfo>;

    /// As [`find`](Self::find), of the tensor that [`names`](Self::names) has at `at`: loading knows the place already,
    /// so a source that keeps its tensors in that order need not look the name up again.
    fn find_at(&self, _at: usize, name: &str) -> Option<ParamInfo> {
        self.find(name)
    }

    /// Whether tensors of this source can be in the tier that `#[param(tier = "…")]` names.
    ///
    /// # Errors
    /// Why not; a source that says nothing has no tiers.
    fn check_tier(&self, tier: &str) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "this source has no tiers").with("tier", tier))
    }

    /// The tensor called `name`, to be in `tier` if that is given; reads no bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] if there is none; else what adopting meets, such as a closed engine, or a tier that
    /// [`ParamSource::check_tier`] refuses.
    fn adopt(&self, name: &str, tier: Option<&str>) -> Result<AnyTensor>;

    /// As [`adopt`](Self::adopt), of the tensor that [`names`](Self::names) has at `at`.
    ///
    /// # Errors
    /// Those of [`adopt`](Self::adopt).
    fn adopt_at(&self, _at: usize, name: &str, tier: Option<&str>) -> Result<AnyTensor> {
        self.adopt(name, tier)
    }
}

/// What the heap is called as a tier.
const HEAP_TIERS: [&str; 2] = ["dram", "host"];

/// Tensors in this process's memory, by name: for tests, and for models made rather than loaded.
///
/// ```
/// use stratal_runtime::tensor::{C, MemorySource, Params, Tensor};
/// type Row = Tensor<f32, (C<2>,)>;
/// let row = |value| Row::full([2], value).map(Row::into_any);
/// let source: MemorySource = [("0", row(0.5)?), ("1", row(1.5)?)].into_iter().collect();
///
/// // Anything that implements `Params` loads from it: here a list of tensors.
/// let rows = Vec::<Row>::from_source(&source)?;
/// assert_eq!((rows.len(), rows[1].read()?[0]), (2, 1.5));
/// # Ok::<(), stratal_runtime::error::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct MemorySource {
    tensors: BTreeMap<String, AnyTensor>,
}

impl MemorySource {
    /// Adds a tensor, which takes `name`; gives back the one that had it before.
    pub fn insert(&mut self, name: impl Into<String>, tensor: AnyTensor) -> Option<AnyTensor> {
        let name = name.into();
        let tensor = tensor.named(name.as_str());
        self.tensors.insert(name, tensor)
    }

    /// Another source of the same tensors.
    #[must_use]
    pub fn share(&self) -> Self {
        let tensors = self.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.share()));
        Self { tensors: tensors.collect() }
    }
}

impl<N: Into<String>> FromIterator<(N, AnyTensor)> for MemorySource {
    fn from_iter<I: IntoIterator<Item = (N, AnyTensor)>>(tensors: I) -> Self {
        let mut source = Self::default();
        for (name, tensor) in tensors {
            source.insert(name, tensor);
        }
        source
    }
}

impl ParamSource for MemorySource {
    fn title(&self) -> String {
        "memory".to_owned()
    }

    fn names(&self) -> Vec<&str> {
        self.tensors.keys().map(String::as_str).collect()
    }

    fn find(&self, name: &str) -> Option<ParamInfo> {
        let tensor = self.tensors.get(name)?;
        Some(ParamInfo { dtype: tensor.dtype(), shape: tensor.shape().to_vec() })
    }

    /// Its tensors are in DRAM: `dram` and `host` are words for that.
    fn check_tier(&self, tier: &str) -> Result<()> {
        if HEAP_TIERS.contains(&tier) {
            return Ok(());
        }
        let message = "tensors in memory are in tier `dram`, also called `host`, and no other";
        Err(Error::new(ErrorKind::Unsupported, message).with("tier", tier))
    }

    fn adopt(&self, name: &str, tier: Option<&str>) -> Result<AnyTensor> {
        tier.map_or(Ok(()), |tier| self.check_tier(tier))?;
        let tensor = self.tensors.get(name).map(AnyTensor::share);
        tensor.ok_or_else(|| Error::new(ErrorKind::Missing, "no such tensor").with("tensor", name))
    }
}

/// Adopts what this process's memory holds already: `Model::load(&Heap, &source)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heap;

impl Adopt<MemorySource> for Heap {
    type Source = MemorySource;

    fn source(&self, origin: &MemorySource) -> Result<MemorySource> {
        Ok(origin.share())
    }
}
