//! A Llama-shaped model: its weights as typed parameters, and one traversal of them.
//!
//! Weights are leased in slices of whole rows, never above the bytes of a lease; each slice is leased, multiplied and
//! dropped before the next, while those after it are on their way. What a traversal computes does not depend
//! on who keeps the weights: the bits of the logits are the same with everything in memory.

use super::ahead::{Ahead, slices};
use super::attention::{KvCache, Rotation};
use super::matmul::{Columns, multiply_rows, widen};
use super::ops::{rms_norm, swiglu};
use super::shape::ModelShape;
use super::steps::Steps;
use stratal::{Dyn, Error, ErrorKind, Params, Result, Shape, Tensor, bf16};

/// A matrix of `[outputs, inputs]`.
pub(crate) type Matrix = Tensor<bf16, Shape![Dyn, Dyn]>;

/// A matrix under the name that checkpoints give it.
#[derive(Debug, Params)]
pub(crate) struct Projection {
    weight: Matrix,
}

/// The weight of a root-mean-square norm.
#[derive(Debug, Params)]
pub(crate) struct Norm {
    weight: Tensor<bf16, Shape![Dyn]>,
}

/// The four projections of attention.
#[derive(Debug, Params)]
struct Attention {
    q_proj: Projection,
    k_proj: Projection,
    v_proj: Projection,
    o_proj: Projection,
}

/// The three projections of a SwiGLU.
#[derive(Debug, Params)]
struct Mlp {
    gate_proj: Projection,
    up_proj: Projection,
    down_proj: Projection,
}

/// One block.
#[derive(Debug, Params)]
struct Block {
    input_layernorm: Norm,
    self_attn: Attention,
    post_attention_layernorm: Norm,
    mlp: Mlp,
}

impl Block {
    /// Its projections, in the order a pass multiplies by them.
    fn projections(&self) -> [&Projection; 7] {
        let Attention { q_proj, k_proj, v_proj, o_proj } = &self.self_attn;
        let Mlp { gate_proj, up_proj, down_proj } = &self.mlp;
        [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]
    }
}

/// All but the last projection.
#[derive(Debug, Params)]
struct Decoder {
    embed_tokens: Projection,
    layers: Vec<Block>,
    norm: Norm,
}

/// The parameters under the names that checkpoints use; without `lm_head` the embedding serves twice.
#[derive(Debug, Params)]
pub(crate) struct Weights {
    model: Decoder,
    lm_head: Option<Projection>,
}

/// A model ready to run.
#[derive(Debug)]
pub(crate) struct Llama {
    weights: Weights,
    shape: ModelShape,
    lease_bytes: u64,
}

/// One traversal under way: whose steps it records, and at which positions its columns stand.
struct Pass<'a> {
    llama: &'a Llama,
    steps: &'a mut Steps,
    ahead: Ahead<'a>,
    rotations: Vec<Rotation>,
}

impl Llama {
    /// A model that leases at most `lease_bytes` at once.
    ///
    /// # Errors
    /// `Shape` naming the tensor whose shape does not follow from `shape`; `Budget` when a lease of one row would be
    /// larger than `lease_bytes`.
    pub(crate) fn new(weights: Weights, shape: ModelShape, lease_bytes: u64) -> Result<Self> {
        let llama = Self { weights, shape, lease_bytes };
        llama.check_shapes()?;
        let row_bytes = (shape.widest_row() * size_of::<bf16>()) as u64;
        if row_bytes > lease_bytes {
            let message =
                format!("one row of weights has {row_bytes} bytes, a lease of this budget {lease_bytes}");
            return Err(Error::new(ErrorKind::Budget, message));
        }
        Ok(llama)
    }

    /// The sizes.
    pub(crate) fn shape(&self) -> &ModelShape {
        &self.shape
    }

    /// Runs `tokens` through all blocks, at the positions after those in `cache`, and gives the logits after the last.
    ///
    /// # Errors
    /// Those of a lease.
    pub(crate) fn forward(
        &self,
        tokens: &[u32],
        first_position: usize,
        cache: &mut KvCache,
        steps: &mut Steps,
    ) -> Result<Columns> {
        let rotations =
            (first_position..).take(tokens.len()).map(|at| Rotation::new(&self.shape, at)).collect();
        let ahead = Ahead::new(self.matrices(), self.lease_bytes);
        let mut pass = Pass { llama: self, steps, ahead, rotations };
        let mut stream = pass.embed(tokens)?;
        for (layer, block) in self.weights.model.layers.iter().enumerate() {
            pass.attention(layer, block, &mut stream, cache)?;
            pass.mlp(block, &mut stream)?;
        }
        let mut last = Columns::zeros(self.shape.hidden, 1);
        last.column_mut(0).copy_from_slice(stream.column(tokens.len() - 1));
        let normed = pass.norm(&self.weights.model.norm, &last)?;
        pass.project(self.head(), &normed)
    }

    /// The projection to logits.
    fn head(&self) -> &Projection {
        self.weights.lm_head.as_ref().unwrap_or(&self.weights.model.embed_tokens)
    }

    /// Every matrix, in the order a pass multiplies by them.
    fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        let blocks = self.weights.model.layers.iter().flat_map(Block::projections);
        blocks.chain([self.head()]).map(|projection| &projection.weight)
    }

    /// Holds every tensor to the shape that the sizes demand.
    fn check_shapes(&self) -> Result<()> {
        let ModelShape { vocab, hidden, inner, .. } = self.shape;
        let (query, kv) = (self.shape.query_width(), self.shape.kv_width());
        let model = &self.weights.model;
        check(&model.embed_tokens.weight, [vocab, hidden])?;
        check(&model.norm.weight, [hidden])?;
        check(&self.head().weight, [vocab, hidden])?;
        for Block { input_layernorm, self_attn, post_attention_layernorm, mlp } in &model.layers {
            check(&input_layernorm.weight, [hidden])?;
            check(&self_attn.q_proj.weight, [query, hidden])?;
            check(&self_attn.k_proj.weight, [kv, hidden])?;
            check(&self_attn.v_proj.weight, [kv, hidden])?;
            check(&self_attn.o_proj.weight, [hidden, query])?;
            check(&post_attention_layernorm.weight, [hidden])?;
            check(&mlp.gate_proj.weight, [inner, hidden])?;
            check(&mlp.up_proj.weight, [inner, hidden])?;
            check(&mlp.down_proj.weight, [hidden, inner])?;
        }
        Ok(())
    }
}

/// Holds one tensor to a shape.
fn check<S: Shape, const N: usize>(tensor: &Tensor<bf16, S>, expected: [usize; N]) -> Result<()> {
    if tensor.shape() == expected {
        return Ok(());
    }
    let message = format!("it is {:?}, the sizes of the model demand {expected:?}", tensor.shape());
    Err(Error::new(ErrorKind::Shape, message).with("tensor", tensor.name()))
}

impl Pass<'_> {
    /// One row of the embedding per token.
    fn embed(&mut self, tokens: &[u32]) -> Result<Columns> {
        let table = &self.llama.weights.model.embed_tokens.weight;
        let mut stream = Columns::zeros(self.llama.shape.hidden, tokens.len());
        for (column, &token) in stream.iter_mut().zip(tokens) {
            let row = token as usize;
            let lease = self.steps.lease(|| table.read_rows(row..row + 1))?;
            widen(&lease, column);
        }
        Ok(stream)
    }

    /// Adds what attention makes of the stream.
    fn attention(
        &mut self,
        layer: usize,
        block: &Block,
        stream: &mut Columns,
        cache: &mut KvCache,
    ) -> Result<()> {
        let Attention { q_proj, k_proj, v_proj, o_proj } = &block.self_attn;
        let shape = self.llama.shape;
        let normed = self.norm(&block.input_layernorm, stream)?;
        let mut queries = self.project(q_proj, &normed)?;
        let mut keys = self.project(k_proj, &normed)?;
        let values = self.project(v_proj, &normed)?;
        let mut mixed = Columns::zeros(shape.query_width(), stream.count());
        for (index, rotation) in self.rotations.iter().enumerate() {
            rotation.apply(queries.column_mut(index));
            rotation.apply(keys.column_mut(index));
            let columns = [queries.column(index), keys.column(index), values.column(index)];
            cache.attend(&shape, layer, columns, mixed.column_mut(index));
        }
        stream.add(&self.project(o_proj, &mixed)?);
        Ok(())
    }

    /// Adds what the SwiGLU makes of the stream.
    fn mlp(&mut self, block: &Block, stream: &mut Columns) -> Result<()> {
        let Mlp { gate_proj, up_proj, down_proj } = &block.mlp;
        let normed = self.norm(&block.post_attention_layernorm, stream)?;
        let mut gate = self.project(gate_proj, &normed)?;
        let up = self.project(up_proj, &normed)?;
        gate.iter_mut().zip(up.iter()).for_each(|(gate, up)| swiglu(gate, up));
        stream.add(&self.project(down_proj, &gate)?);
        Ok(())
    }

    fn norm(&mut self, norm: &Norm, stream: &Columns) -> Result<Columns> {
        let mut weight = vec![0.0; stream.len()];
        widen(&self.steps.lease(|| norm.weight.read())?, &mut weight);
        let mut normed = Columns::zeros(stream.len(), stream.count());
        for (source, target) in stream.iter().zip(normed.iter_mut()) {
            rms_norm(source, &weight, self.llama.shape.epsilon, target);
        }
        Ok(normed)
    }

    /// `x` through a projection, slice by slice.
    fn project(&mut self, this: &Projection, x: &Columns) -> Result<Columns> {
        let matrix = &this.weight;
        let mut y = Columns::zeros(matrix.shape()[0], x.count());
        for rows in slices(matrix, self.llama.lease_bytes) {
            let first = rows.start;
            let lease = self.steps.lease(|| matrix.read_rows(rows))?;
            self.ahead.leased();
            multiply_rows(&lease, first, x, &mut y);
        }
        Ok(y)
    }
}

#[cfg(test)]
mod tests;
