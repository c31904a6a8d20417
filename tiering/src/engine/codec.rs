//! How the store keeps one tensor: said by its owner, over what the policy says for all.

use super::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::Codec;
use std::sync::Arc;
use stratal_runtime::tensor::{AnyTensor, DType};

impl Engine {
    /// Chooses how the store keeps a tensor from its next spill on. A lossy codec changes the numbers of a tensor that is
    /// spilled, within its bounds ([`store::codec::narrow`](crate::store::codec::narrow)); while the tensor stays in
    /// memory its numbers stay.
    ///
    /// ```
    /// use stratal_tiering::engine::Engine;
    /// use stratal_tiering::policy::{Codec, Policy};
    /// use stratal_tiering::tier::TierKind;
    /// # fn main() -> stratal_tiering::error::Result<()> {
    /// let policy = Policy::builder().tier("dram", TierKind::Dram, "8 MiB").build()?;
    /// let engine = Engine::builder().policy(policy).build()?;
    /// let moments = engine.zeros::<f32, (stratal_runtime::tensor::Dyn,)>("moments", [1 << 20])?;
    /// engine.set_codec(moments.as_any(), Codec::Bf16)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Missing` where the tensor is not one of this engine; `Dtype` where a lossy codec is asked for other elements than
    /// `f32`.
    pub fn set_codec(&self, tensor: &AnyTensor, codec: Codec) -> Result<()> {
        let index = self.index_of(tensor)?;
        let lossy = matches!(codec, Codec::Bf16 | Codec::F16 | Codec::Int8);
        if lossy && tensor.dtype() != DType::F32 {
            let message = format!("`{codec}` stores f32 numbers, these are {}", tensor.dtype());
            return Err(Error::new(ErrorKind::Dtype, message).with("tensor", tensor.name()));
        }
        let mut core = self.handle.0.lock();
        core.catalogue.live(index)?;
        if let Some(object) = core.catalogue.get_mut(index) {
            object.codec = codec;
        }
        core.coding |= codec != Codec::Raw;
        drop(core);
        self.handle.0.wake();
        Ok(())
    }

    /// The object behind a tensor of this engine.
    ///
    /// # Errors
    /// `Missing` where it is none.
    pub(super) fn index_of(&self, tensor: &AnyTensor) -> Result<u32> {
        let core = self.handle.0.lock();
        let index = tensor.as_managed().and_then(|managed| {
            let index = u32::try_from(managed.id()).ok()?;
            let object = core.catalogue.get(index)?;
            // One name, not only an equal one: the object and its handle were made with it.
            Arc::ptr_eq(&object.name, managed.name()).then_some(index)
        });
        index.ok_or_else(|| {
            Error::new(ErrorKind::Missing, "the tensor is none of this engine").with("tensor", tensor.name())
        })
    }
}
