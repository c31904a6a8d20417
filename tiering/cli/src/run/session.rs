//! One sequence being generated greedily: its cache, its next tokens, and a hash of all logits so far.

use super::attention::KvCache;
use super::model::Llama;
use super::ops::argmax;
use super::steps::Steps;
use stratal::{Error, ErrorKind, Result};

/// A sequence, pass by pass.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    model: &'a Llama,
    cache: KvCache,
    /// Tokens of the next pass: the prompt at first, then the latest token.
    pending: Vec<u32>,
    position: usize,
    generated: Vec<u32>,
    logits: LogitHash,
}

impl<'a> Session<'a> {
    /// A sequence that starts from `prompt` and will take at most `passes`.
    ///
    /// # Errors
    /// `Shape` when the prompt is empty or holds a token that the model does not know.
    pub(crate) fn new(model: &'a Llama, prompt: &[u32], passes: u32) -> Result<Self> {
        let vocab = model.shape().vocab;
        if prompt.is_empty() {
            return Err(Error::new(ErrorKind::Shape, "the prompt holds no token"));
        }
        if let Some(token) = prompt.iter().find(|&&token| token as usize >= vocab) {
            let message = format!("the model knows {vocab} tokens, from 0 on");
            return Err(Error::new(ErrorKind::Shape, message).with("token", token));
        }
        let positions = prompt.len() + passes as usize;
        Ok(Self {
            model,
            cache: KvCache::new(model.shape(), positions),
            pending: prompt.to_vec(),
            position: 0,
            generated: Vec::new(),
            logits: LogitHash::default(),
        })
    }

    /// One traversal of the weights: what is pending goes in, one token comes out.
    ///
    /// # Errors
    /// Those of a lease.
    pub(crate) fn pass(&mut self, steps: &mut Steps) -> Result<()> {
        let logits = self.model.forward(&self.pending, self.position, &mut self.cache, steps)?;
        self.position += self.pending.len();
        self.logits.add(logits.column(0));
        // Token ids came in as `u32` and the vocabulary bounds this one.
        let token = argmax(logits.column(0)) as u32;
        self.pending = vec![token];
        self.generated.push(token);
        Ok(())
    }

    /// Tokens generated so far.
    pub(crate) fn generated(&self) -> &[u32] {
        &self.generated
    }

    /// Hash of the bits of all logits so far.
    pub(crate) fn logits_hash(&self) -> String {
        format!("{:016x}", self.logits.0)
    }
}

/// FNV-1a over the bits of logits, word by word: every bit counts, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LogitHash(u64);

impl Default for LogitHash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl LogitHash {
    fn add(&mut self, logits: &[f32]) {
        for value in logits {
            self.0 = (self.0 ^ u64::from(value.to_bits())).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
