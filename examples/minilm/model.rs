//! all-MiniLM-L6-v2 as structs, and its forward pass: token ids in, one sentence vector of length one out.
//!
//! The structs follow the names in `model.safetensors`. Of the word embeddings, half of all bytes, only the rows of
//! the sentence are leased; every other weight is leased whole, one at a time, and evictable again at once.

use stratal::{C, Dim, Params, Result, Shape, Tensor, dims};

dims! { Inner, Positions, Vocabulary }

/// Numbers per token.
const WIDTH: usize = 384;
const HEADS: usize = 12;
const HEAD: usize = WIDTH / HEADS;
const EPSILON: f32 = 1e-12;

/// What a sentence vector needs of the checkpoint; the pooler and the position ids stay unloaded.
#[derive(Params)]
#[params(allow_unused)]
pub(crate) struct MiniLm {
    embeddings: Embeddings,
    encoder: Encoder,
}

#[derive(Params)]
struct Embeddings {
    word_embeddings: Table<Vocabulary>,
    position_embeddings: Table<Positions>,
    token_type_embeddings: Table<C<2>>,
    #[param(rename = "LayerNorm")]
    norm: Norm,
}

#[derive(Params)]
struct Table<N: Dim> {
    weight: Tensor<f32, Shape![N, 384]>,
}

#[derive(Params)]
struct Encoder {
    layer: Vec<Layer>,
}

#[derive(Params)]
struct Layer {
    attention: Attention,
    intermediate: Intermediate,
    output: Output<Inner>,
}

#[derive(Params)]
struct Attention {
    #[param(rename = "self")]
    heads: Heads,
    output: Output<C<384>>,
}

#[derive(Params)]
struct Heads {
    query: Linear<C<384>, C<384>>,
    key: Linear<C<384>, C<384>>,
    value: Linear<C<384>, C<384>>,
}

#[derive(Params)]
struct Intermediate {
    dense: Linear<C<384>, Inner>,
}

/// Back to the token's width, added to what came in, and normed.
#[derive(Params)]
struct Output<I: Dim> {
    dense: Linear<I, C<384>>,
    #[param(rename = "LayerNorm")]
    norm: Norm,
}

#[derive(Params)]
struct Linear<I: Dim, O: Dim> {
    weight: Tensor<f32, Shape![O, I]>,
    bias: Tensor<f32, Shape![O]>,
}

#[derive(Params)]
struct Norm {
    weight: Tensor<f32, Shape![384]>,
    bias: Tensor<f32, Shape![384]>,
}

/// Rows of [`WIDTH`] numbers, one per token.
pub(crate) type Tokens = Vec<f32>;

impl MiniLm {
    /// The sentence vector of `ids`: mean of the last layer's tokens, scaled to length one.
    pub(crate) fn embed(&self, ids: &[usize]) -> Result<Vec<f32>> {
        let mut tokens = self.look_up(ids)?;
        for layer in &self.encoder.layer {
            tokens = layer.forward(&tokens)?;
        }
        let mut mean = vec![0.0; WIDTH];
        tokens.chunks_exact(WIDTH).for_each(|token| add(&mut mean, token));
        let length = dot(&mean, &mean).sqrt();
        mean.iter_mut().for_each(|x| *x /= length);
        Ok(mean)
    }

    /// What the first layer takes: a row per token, from the rows of the tables that `ids` and positions name.
    pub(crate) fn look_up(&self, ids: &[usize]) -> Result<Tokens> {
        self.embeddings.look_up(ids)
    }
}

impl Embeddings {
    fn look_up(&self, ids: &[usize]) -> Result<Tokens> {
        let positions = self.position_embeddings.weight.read_rows(0..ids.len())?;
        let kind = self.token_type_embeddings.weight.read_rows(0..1)?;
        let mut tokens = positions.to_vec();
        for (token, &id) in tokens.chunks_exact_mut(WIDTH).zip(ids) {
            add(token, &self.word_embeddings.weight.read_rows(id..id + 1)?);
            add(token, &kind);
        }
        self.norm.apply(&mut tokens)?;
        Ok(tokens)
    }
}

impl Layer {
    fn forward(&self, tokens: &[f32]) -> Result<Tokens> {
        let mixed = self.attention.forward(tokens)?;
        let mut wide = self.intermediate.dense.apply(&mixed)?;
        wide.iter_mut().for_each(|x| *x = gelu(*x));
        self.output.apply(&wide, &mixed)
    }
}

impl Attention {
    fn forward(&self, tokens: &[f32]) -> Result<Tokens> {
        let query = self.heads.query.apply(tokens)?;
        let key = self.heads.key.apply(tokens)?;
        let value = self.heads.value.apply(tokens)?;
        let mut mixed = vec![0.0; tokens.len()];
        for head in 0..HEADS {
            mix_head(head * HEAD, &query, &key, &value, &mut mixed);
        }
        self.output.apply(&mixed, tokens)
    }
}

/// One head's share of every token, columns `at .. at + HEAD`: values weighed by how well keys answer the query.
fn mix_head(at: usize, query: &[f32], key: &[f32], value: &[f32], mixed: &mut [f32]) {
    let part =
        |tokens: &[f32], token: usize| token * WIDTH + at..(token * WIDTH + at + HEAD).min(tokens.len());
    let count = query.len() / WIDTH;
    for token in 0..count {
        let asked = &query[part(query, token)];
        let mut weights: Vec<f32> =
            (0..count).map(|other| dot(asked, &key[part(key, other)]) / (HEAD as f32).sqrt()).collect();
        softmax(&mut weights);
        for (other, weight) in weights.into_iter().enumerate() {
            let seen = &value[part(value, other)];
            mixed[part(query, token)].iter_mut().zip(seen).for_each(|(out, x)| *out += weight * x);
        }
    }
}

impl<I: Dim> Output<I> {
    fn apply(&self, inner: &[f32], residual: &[f32]) -> Result<Tokens> {
        let mut tokens = self.dense.apply(inner)?;
        add(&mut tokens, residual);
        self.norm.apply(&mut tokens)?;
        Ok(tokens)
    }
}

impl<I: Dim, O: Dim> Linear<I, O> {
    /// Every row of `x` times the weight's transpose, plus the bias.
    fn apply(&self, x: &[f32]) -> Result<Vec<f32>> {
        let (weight, bias) = (self.weight.read()?, self.bias.read()?);
        let inner = self.weight.shape()[1];
        let mut out = Vec::with_capacity(x.len() / inner * bias.len());
        for row in x.chunks_exact(inner) {
            out.extend(
                weight.chunks_exact(inner).zip(bias.iter()).map(|(column, bias)| dot(row, column) + bias),
            );
        }
        Ok(out)
    }
}

impl Norm {
    fn apply(&self, tokens: &mut [f32]) -> Result<()> {
        let (weight, bias) = (self.weight.read()?, self.bias.read()?);
        for token in tokens.chunks_exact_mut(WIDTH) {
            let mean = token.iter().sum::<f32>() / WIDTH as f32;
            token.iter_mut().for_each(|x| *x -= mean);
            let scale = (dot(token, token) / WIDTH as f32 + EPSILON).sqrt().recip();
            token
                .iter_mut()
                .zip(weight.iter().zip(bias.iter()))
                .for_each(|(x, (w, b))| *x = *x * scale * w + b);
        }
        Ok(())
    }
}

fn add(sum: &mut [f32], x: &[f32]) {
    sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
}

/// Eight running sums, so that the compiler may use vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.iter().zip(b) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

fn softmax(weights: &mut [f32]) {
    let most = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    weights.iter_mut().for_each(|x| *x = (*x - most).exp());
    let sum: f32 = weights.iter().sum();
    weights.iter_mut().for_each(|x| *x /= sum);
}

/// `x` times the chance that a normal variable is below it; the error function by Abramowitz and Stegun 7.1.26.
fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = [1.061_405_4, -1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6];
    let erf = 1.0 - series.iter().fold(0.0, |sum, c| (sum + c) * t) * (-z * z).exp();
    0.5 * x * (1.0 + erf.copysign(x))
}
