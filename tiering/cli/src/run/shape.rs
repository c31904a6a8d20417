//! The sizes of a Llama-shaped model: read from a checkpoint and what lies beside it, or chosen for a made one.

use serde_json::Value;
use std::path::Path;
use stratal::{Checkpoint, Error, ErrorKind, Result};

/// The token embedding, and the first tensor asked for its sizes.
pub(crate) const EMBEDDING: &str = "model.embed_tokens.weight";

/// Sizes of a model, in elements, and the two constants its arithmetic needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ModelShape {
    /// Tokens it knows.
    pub(crate) vocab: usize,
    /// Width of the residual stream.
    pub(crate) hidden: usize,
    /// Width inside the SwiGLU.
    pub(crate) inner: usize,
    /// Blocks.
    pub(crate) layers: usize,
    /// Query heads.
    pub(crate) heads: usize,
    /// Key and value heads; divides `heads`.
    pub(crate) kv_heads: usize,
    /// Width of one head; even.
    pub(crate) head_dim: usize,
    /// Longest wavelength of the rotary embedding, over 2π.
    pub(crate) rope_theta: f64,
    /// Added to the mean square before its root is taken.
    pub(crate) epsilon: f32,
}

impl ModelShape {
    /// About 1 GiB of bf16 weights.
    pub(crate) const GIB: Self = Self {
        vocab: 32_000,
        hidden: 2048,
        inner: 5632,
        layers: 9,
        heads: 32,
        kv_heads: 8,
        head_dim: 64,
        rope_theta: 10_000.0,
        epsilon: 1e-5,
    };

    /// About 40 MiB of bf16 weights, for a quick look.
    pub(crate) const TINY: Self = Self {
        vocab: 4096,
        hidden: 512,
        inner: 1408,
        layers: 6,
        heads: 8,
        kv_heads: 2,
        head_dim: 64,
        rope_theta: 10_000.0,
        epsilon: 1e-5,
    };

    /// Width of all query heads.
    pub(crate) fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Width of all key heads, and of all value heads.
    pub(crate) fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    /// Bytes of the keys and values of one position, all layers, as f32.
    pub(crate) fn kv_bytes_per_position(&self) -> u64 {
        (self.layers * 2 * self.kv_width() * size_of::<f32>()) as u64
    }

    /// Bytes of the f32 activations that one token needs at once: what the widest moment of a block holds, and its
    /// logits twice (as products and as columns).
    pub(crate) fn activation_bytes_per_token(&self) -> u64 {
        let block = 3 * self.hidden + 2 * self.query_width() + 2 * self.kv_width() + 3 * self.inner;
        ((block + 2 * self.vocab) * size_of::<f32>()) as u64
    }

    /// Weights in the widest row of a matrix.
    pub(crate) fn widest_row(&self) -> usize {
        self.hidden.max(self.inner).max(self.query_width())
    }

    /// The pairs that [`of`](Self::of) reads back, for the header of a made checkpoint.
    pub(crate) fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![
            ("num_attention_heads", self.heads.to_string()),
            ("head_dim", self.head_dim.to_string()),
            ("rope_theta", self.rope_theta.to_string()),
            ("rms_norm_eps", self.epsilon.to_string()),
        ]
    }

    /// The sizes of a checkpoint: from the shapes of its tensors, and from the metadata of its header or a
    /// `config.json` beside it what shapes do not tell.
    ///
    /// # Errors
    /// `Missing` when a tensor or the number of heads is not there, `Shape` when the sizes contradict each other,
    /// `Unsupported` when the model rescales its rotary embedding, `Format` when `config.json` is not JSON.
    pub(crate) fn of(checkpoint: &Checkpoint) -> Result<Self> {
        let facts = Facts::of(checkpoint)?;
        let [vocab, hidden] = matrix(checkpoint, EMBEDDING)?;
        let [query_width, _] = matrix(checkpoint, "model.layers.0.self_attn.q_proj.weight")?;
        let [kv_width, _] = matrix(checkpoint, "model.layers.0.self_attn.k_proj.weight")?;
        let [inner, _] = matrix(checkpoint, "model.layers.0.mlp.gate_proj.weight")?;
        let heads = facts.required("num_attention_heads")? as usize;
        let head_dim = facts.number("head_dim").map_or(query_width / heads.max(1), |dim| dim as usize);
        let shape = Self {
            vocab,
            hidden,
            inner,
            layers: layers(checkpoint),
            heads,
            kv_heads: kv_width / head_dim.max(1),
            head_dim,
            rope_theta: facts.number("rope_theta").unwrap_or(10_000.0),
            epsilon: facts.number("rms_norm_eps").unwrap_or(1e-5) as f32,
        };
        shape
            .check(query_width, kv_width)
            .map_err(|error| error.with("file", checkpoint.path().display()))?;
        Ok(shape)
    }

    /// Whether the sizes agree with each other.
    fn check(&self, query_width: usize, kv_width: usize) -> Result<()> {
        let agree = self.heads > 0
            && self.kv_heads > 0
            && self.head_dim > 0
            && self.head_dim.is_multiple_of(2)
            && self.heads.is_multiple_of(self.kv_heads)
            && self.query_width() == query_width
            && self.kv_width() == kv_width
            && [self.vocab, self.hidden, self.inner].iter().all(|&size| size > 0);
        if agree {
            return Ok(());
        }
        let message = format!(
            "{} heads of width {} do not fit queries of width {query_width} and keys of width {kv_width}",
            self.heads, self.head_dim
        );
        Err(Error::new(ErrorKind::Shape, message))
    }
}

/// Blocks in a checkpoint: one more than the highest number, which the derived loader then holds it to.
fn layers(checkpoint: &Checkpoint) -> usize {
    let number = |name: &str| name.strip_prefix("model.layers.")?.split('.').next()?.parse::<usize>().ok();
    checkpoint
        .tensors()
        .iter()
        .filter_map(|tensor| number(&tensor.name))
        .map(|last| last + 1)
        .max()
        .unwrap_or(0)
}

/// The two dims of a matrix.
fn matrix(checkpoint: &Checkpoint, name: &str) -> Result<[usize; 2]> {
    let file = checkpoint.path().display();
    let Some(tensor) = checkpoint.get(name) else {
        let error = Error::new(ErrorKind::Missing, "a Llama-shaped checkpoint has this tensor");
        return Err(error.with("tensor", name).with("file", file));
    };
    <[usize; 2]>::try_from(tensor.shape.as_slice()).map_err(|_| {
        let message = format!("{:?} is not a matrix", tensor.shape);
        Error::new(ErrorKind::Shape, message).with("tensor", name).with("file", file)
    })
}

/// What shapes do not tell: the metadata of the header first, then `config.json`.
struct Facts<'a> {
    checkpoint: &'a Checkpoint,
    config: Value,
}

impl<'a> Facts<'a> {
    fn of(checkpoint: &'a Checkpoint) -> Result<Self> {
        let facts = Self { checkpoint, config: config_beside(checkpoint.path())? };
        match facts.config.get("rope_scaling") {
            None | Some(Value::Null) => Ok(facts),
            Some(_) => Err(Error::new(ErrorKind::Unsupported, "the model rescales its rotary embedding")
                .with("file", checkpoint.path().display())),
        }
    }

    fn number(&self, key: &str) -> Option<f64> {
        let in_header = self.checkpoint.metadata().iter().find(|(name, _)| name == key);
        match in_header {
            Some((_, value)) => value.parse().ok(),
            None => self.config.get(key)?.as_f64(),
        }
    }

    fn required(&self, key: &'static str) -> Result<f64> {
        self.number(key).ok_or_else(|| {
            let message =
                "neither the header's metadata nor a config.json beside the checkpoint holds this number";
            Error::new(ErrorKind::Missing, message)
                .with("key", key)
                .with("file", self.checkpoint.path().display())
        })
    }
}

/// The `config.json` in the folder of a checkpoint, or null where there is none.
fn config_beside(checkpoint: &Path) -> Result<Value> {
    let folder = if checkpoint.is_dir() { checkpoint } else { checkpoint.parent().unwrap_or(Path::new("")) };
    let path = folder.join("config.json");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Value::Null),
        Err(error) => return Err(Error::from(error).with("file", path.display())),
    };
    serde_json::from_str(&text).map_err(|error| {
        Error::new(ErrorKind::Format, "not JSON").with("file", path.display()).caused_by(error)
    })
}

#[cfg(test)]
mod tests;
