//! In which orders models use their layers, as sequences of tensor numbers.

/// Tensors of every order.
pub(super) const TENSORS: u64 = 64;

/// Micro-batches of a pipeline stage in one step, and how many of them are forward before the first backward.
const BATCHES: usize = 8;
const AHEAD: usize = 3;

/// Layers of the mixture of experts, tensors that every token of a layer uses, experts, and those of one token.
const LAYERS: u64 = 8;
const EXPERTS: u64 = 7;
const CHOSEN: usize = 2;
const TOKENS: usize = 6;

/// An order of one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// First to last.
    Cyclic,
    /// First to last and back, as in training.
    Mirrored,
    /// A pipeline stage: micro-batches forward and backward in turn, once the pipeline is full.
    OneForwardOneBackward,
    /// Each layer's shared tensor, then the experts that a router chose, for some tokens; the same in every pass.
    Experts,
    /// Every tensor once, in a fixed order without pattern.
    Shuffled,
    /// First to last without every fourth.
    Skipping,
    /// Any tensor, low numbers more often; never the same pass again.
    Random,
}

impl Order {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cyclic => "cyclic",
            Self::Mirrored => "forward+backward",
            Self::OneForwardOneBackward => "1F1B",
            Self::Experts => "fixed MoE",
            Self::Shuffled => "shuffled",
            Self::Skipping => "skipping a fourth",
            Self::Random => "random",
        }
    }

    /// The tensors of pass number `pass`.
    pub(super) fn pass(self, pass: u64) -> Vec<usize> {
        let all = 0..TENSORS as usize;
        match self {
            Self::Cyclic => all.collect(),
            Self::Mirrored => all.clone().chain(all.rev()).collect(),
            Self::OneForwardOneBackward => one_forward_one_backward(),
            Self::Experts => experts(),
            Self::Shuffled => all.map(|at| at * 37 % TENSORS as usize).collect(),
            Self::Skipping => all.filter(|at| at % 4 != 3).collect(),
            Self::Random => random(pass),
        }
    }
}

/// Forward goes through the stage's layers, backward the other way; the steady part alternates.
fn one_forward_one_backward() -> Vec<usize> {
    let layers = 0..TENSORS as usize;
    let (forward, backward): (Vec<usize>, Vec<usize>) = (layers.clone().collect(), layers.rev().collect());
    let mut order = Vec::new();
    for batch in 0..BATCHES + AHEAD {
        if batch < BATCHES {
            order.extend(&forward);
        }
        if batch >= AHEAD {
            order.extend(&backward);
        }
    }
    order
}

fn experts() -> Vec<usize> {
    let (mut order, mut state) = (Vec::new(), 1);
    for _ in 0..TOKENS {
        for layer in 0..LAYERS {
            let first = layer * (EXPERTS + 1);
            order.push(first as usize);
            let mut chosen = Vec::new();
            while chosen.len() < CHOSEN {
                let expert = first + 1 + roll(&mut state) % EXPERTS;
                if !chosen.contains(&expert) {
                    chosen.push(expert);
                }
            }
            order.extend(chosen.iter().map(|expert| *expert as usize));
        }
    }
    order
}

fn random(pass: u64) -> Vec<usize> {
    let mut state = pass;
    let draw = |_| {
        let part = roll(&mut state) as f64 / (1_u64 << 31) as f64;
        (part * part * TENSORS as f64) as usize
    };
    (0..2 * TENSORS).map(draw).collect()
}

/// Thirty-one bits.
fn roll(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}
