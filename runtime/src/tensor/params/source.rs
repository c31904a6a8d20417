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
    fn names(&self) -> Vec<String>;

    /// What is known about the tensor called `name`; `None` if there is none.
    fn find(&self, name: &str) -> Option<ParamInfo>;

    /// The tensor called `name`; reads no bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] if there is none; else what adopting meets, such as a closed engine.
    fn adopt(&self, name: &str) -> Result<AnyTensor>;
}

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

    fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }

    fn find(&self, name: &str) -> Option<ParamInfo> {
        let tensor = self.tensors.get(name)?;
        Some(ParamInfo { dtype: tensor.dtype(), shape: tensor.shape().to_vec() })
    }

    fn adopt(&self, name: &str) -> Result<AnyTensor> {
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
