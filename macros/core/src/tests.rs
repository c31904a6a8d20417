//! Promises of the whole: what is emitted parses, whatever goes in, and nothing panics.

use super::*;
use proc_macro2::{Delimiter, Group, TokenTree};
use std::str::FromStr;

/// Inputs that use everything there is, as seeds to mutate.
const STRUCTS: [&str; 5] = [
    "struct Linear<I: Dim, O: Dim> { weight: Tensor<f32, Shape![O, I]>, bias: Option<Tensor<f32, (O,)>> }",
    "#[params(prefix = \"model.deep\", allow_unused, crate = a::b)] pub struct Model<const N: usize, P> where P: Q
     { #[param(rename = \"a.b\")] r#type: [Vec<P>; N], #[param(skip)] pub rest: &'a (), #[param(name = \"c\")] c: Box<P> }",
    "#[params(require(H * (2 + HD) == D), rename_all = \"camelCase\")] struct Gpt<const D: usize> {
     #[param(each = \"layers.{i}\", len = L)] layers: Vec<Block<D>>, #[param(optional, tier = \"host\")] embed: Option<T>,
     #[param(tied = embed.weight)] head: Tied<T> }",
    "enum Choice { A { #[param(skip)] b: u8, c: D }, #[params(prefix = \"x\")] B(E), C }",
    "union Overlay<'a> { a: &'a u8 }",
];
const SHAPES: [&str; 4] = [
    "[a::b] O, 512, {2 * K}, _, C<3>, self::Seq",
    "[p]",
    "[p] 3 4,, -1, \"x\", 1.5, 'l, {",
    "[p] try::E, dyn::E",
];
const NAMES: [&str; 2] =
    ["[a::b] /// Rows.\n Batch, pub Seq, pub(in a::b) Heads,", "[p] batch, A_B, A A, struct, A, A"];

/// Kernels that use everything there is.
const KERNELS: [&str; 4] = [
    "pub fn step(data: &Tensor<bf16, {[N, D]}>, out: &mut Tensor<f32, (D, 4)>, t: &Tensor<u32, Shape![N]>, lr: f32)
     -> (Tensor<f32, {[N, D]}>, Tensor<i32, {[]}>) {
     let high = data.max(D); let k = lr * 2.0;
     let y = zip(data, high, |x, h| if x < h && !(x == 0.0) { (x - h).exp() } else { x as i32 as f32 });
     for [i, j] in out.dims() { let mut s = 0.0; for n in 0..N { s += data[[n, i]] * k; } out[[i, j]] -= s; }
     (y, t.map(|t| t as i32 % 3).sum(0)) }",
    "fn product(a: &Tensor<f64, {[N, K]}>, b: &Tensor<f64, {[M, K]}>) -> Tensor<f64, {[N, M]}> {
     matmul(a, b.transpose()) }",
    "fn made(x: &mut Tensor<i64, {[N, N, {C}, _, 3]}>, y: &Tensor<f32, {[N, N]}>) -> Tensor<f32, {[N]}> {
     x.assign(x.map(|x| { let y = x << 3; y / 2 ^ 7 })); from_fn([N], |[i]| y[[i, i]].clamp(-1.0, f32::MAX)) }",
    "fn means(x: &Tensor<f32, {[A, B, 7]}>) -> Tensor<f16, {[A, 7]}> { x.mean(B).map(|m| -m.sqrt()) }",
];

fn tokens(text: &str) -> TokenStream {
    TokenStream::from_str(text).unwrap_or_default()
}

/// Every stream that differs from `tokens` by one token left out, doubled, or replaced, at any depth.
fn mutations(tokens: &TokenStream) -> Vec<TokenStream> {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let replacements = tokens_of("; , = . 3 \"\" a r#fn 'b");
    let mut mutated = Vec::new();
    for (i, tree) in trees.iter().enumerate() {
        let with =
            |middle: &[TokenTree]| [&trees[..i], middle, &trees[i + 1..]].concat().into_iter().collect();
        mutated.push(with(&[]));
        mutated.push(with(&[tree.clone(), tree.clone()]));
        mutated.extend(replacements.iter().map(|other| with(std::slice::from_ref(other))));
        if let TokenTree::Group(group) = tree {
            let inside = mutations(&group.stream());
            let regroup = |stream| TokenTree::Group(Group::new(group.delimiter(), stream));
            mutated.extend(inside.into_iter().map(|stream| with(&[regroup(stream)])));
            mutated.push(with(&[TokenTree::Group(Group::new(Delimiter::None, group.stream()))]));
        }
    }
    mutated
}

fn tokens_of(text: &str) -> Vec<TokenTree> {
    tokens(text).into_iter().collect()
}

/// The derive and `dims!` emit items, and `Shape!` a type, for seeds and for all their mutations.
#[test]
fn mutated_input_still_gives_code() {
    let all = |seeds: &[&str]| -> Vec<TokenStream> {
        let seeds = seeds.iter().map(|seed| tokens(seed));
        seeds.flat_map(|seed| [mutations(&seed), vec![seed]].concat()).collect()
    };
    for input in all(&STRUCTS) {
        let text = input.to_string();
        assert!(syn::parse2::<syn::File>(derive_params(input)).is_ok(), "{text}");
    }
    for input in all(&NAMES) {
        let text = input.to_string();
        assert!(syn::parse2::<syn::File>(dims(input)).is_ok(), "{text}");
    }
    for input in all(&SHAPES) {
        let text = input.to_string();
        let emitted = shape(input);
        assert!(syn::parse2::<syn::Type>(emitted.clone()).is_ok() || is_error(&emitted), "{text}: {emitted}");
    }
}

fn is_error(emitted: &TokenStream) -> bool {
    emitted.to_string().starts_with(":: core :: compile_error")
}

/// A shape is the tuple of its dimensions.
#[test]
fn shapes_are_tuples() {
    let emitted = shape(tokens(SHAPES[0])).to_string().replace(' ', "");
    assert_eq!(emitted, "(O,a::b::C<512>,a::b::C<{2*K}>,a::b::Dyn,C<3>,self::Seq,)");
    assert_eq!(shape(tokens("[p]")).to_string(), "()");
}

/// Dimensions that two fields share are compared; those that one tensor has alone are not.
#[test]
fn shared_symbols_are_compared() {
    let emitted = derive_params(tokens(STRUCTS[0])).to_string();
    let expected = tokens("same_size(__load, \"O\", &[\"weight\", \"bias\"], b\"\\0\\0\");").to_string();
    assert!(emitted.contains(&expected), "{emitted}");
    assert!(!emitted.contains("\"I\""), "{emitted}");
}

/// A kernel gives items, for seeds and for all their mutations, whatever form they are written in.
#[test]
fn mutated_kernels_still_give_code() {
    for seed in KERNELS {
        for input in [mutations(&tokens(seed)), vec![tokens(seed)]].concat() {
            let text = input.to_string();
            let emitted = kernel(TokenStream::new(), input.clone());
            assert!(syn::parse2::<syn::File>(emitted).is_ok(), "{text}");
            let mut verbatim = tokens("[a::b]");
            verbatim.extend(input);
            assert!(syn::parse2::<syn::File>(kernel_verbatim(verbatim)).is_ok(), "{text}");
        }
        let emitted = kernel(TokenStream::new(), tokens(seed)).to_string();
        assert!(!emitted.contains("compile_error") && !emitted.contains("unsafe"), "{emitted}");
    }
}

/// Options that say everything about the code of a file.
const WRAPPED: &str = "file = \"a.cu\", entry = \"step\", arguments = [x, return.0, lr, return.1, N as i32, (N * (M + 2)).div_ceil(3)],
     threads = [M, N], block = [16, 8], shared = 4 * M, crate = a::b";

/// A kernel of a file gives items, for all mutations of what is said about it, of its signature, and of the file.
#[test]
fn mutated_wrappers_still_give_code() {
    let item = tokens(
        "fn step(x: &mut Tensor<f32, {[N, M]}>, lr: f32) -> (Tensor<f16, {[N]}>, Tensor<i8, (4, M)>);",
    );
    let text = "extern \"C\" __global__ void step(float* x, __half* a, float lr, signed char* b, int n, size_t m) {}";
    let emitted = kernel_of_text(tokens(WRAPPED), item.clone(), text).to_string();
    assert!(!emitted.contains("compile_error") && !emitted.contains("unsafe"), "{emitted}");
    for options in mutations(&tokens(WRAPPED)) {
        let told = options.to_string();
        assert!(syn::parse2::<syn::File>(kernel_of_text(options, item.clone(), text)).is_ok(), "{told}");
    }
    for item in mutations(&item) {
        let told = item.to_string();
        let emitted = kernel_of_text(tokens(WRAPPED), item, text);
        assert!(syn::parse2::<syn::File>(emitted).is_ok(), "{told}");
    }
}

/// `tensor![…]` gives an expression for lists, repeats and all their mutations, or an error.
#[test]
fn tensor_literals_give_expressions() {
    for seed in ["[a::b] [1.0, 2.0], [3.0, f(4)],", "[p] [[x; 2]; N]; 4", "[p]", "[p] 1; 2, 3", "[p] ; ,"] {
        for input in [mutations(&tokens(seed)), vec![tokens(seed)]].concat() {
            let text = input.to_string();
            let emitted = tensor(input);
            assert!(
                syn::parse2::<syn::Expr>(emitted.clone()).is_ok() || is_error(&emitted),
                "{text}: {emitted}"
            );
        }
    }
    let emitted = tensor(tokens("[p] [[x; 2]; N]; 4")).to_string().replace(' ', "");
    assert_eq!(emitted, "p::literal(&p::Repeat::<_,{4}>(p::Repeat::<_,{N}>(p::Repeat::<_,{2}>(x))))");
}

/// No macro output has `unsafe` in it.
#[test]
fn nothing_unsafe_is_emitted() {
    let emitted = STRUCTS.iter().map(|seed| derive_params(tokens(seed)));
    let emitted: Vec<String> = emitted
        .chain([dims(tokens(NAMES[0])), shape(tokens(SHAPES[0]))])
        .map(|code| code.to_string())
        .collect();
    assert!(emitted.iter().all(|code| !code.contains("unsafe")));
}

/// A generator of numbers that need not be good, the same every time (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `sides`, 0 if there are none.
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides.max(1) as u64).unwrap_or(0)
    }
}

/// One edit anywhere in the tokens: one left out, doubled, swapped with the next, or replaced by a word of `vocabulary`.
fn edited(tokens: TokenStream, vocabulary: &[TokenTree], dice: &mut Dice) -> TokenStream {
    let mut trees: Vec<TokenTree> = tokens.into_iter().collect();
    let at = dice.below(trees.len());
    if let Some(TokenTree::Group(group)) = trees.get(at)
        && dice.below(4) > 0
    {
        let inside = edited(group.stream(), vocabulary, dice);
        trees[at] = TokenTree::Group(Group::new(group.delimiter(), inside));
        return trees.into_iter().collect();
    }
    let word = vocabulary[dice.below(vocabulary.len())].clone();
    match dice.below(5) {
        0 if at < trees.len() => drop(trees.remove(at)),
        1 if at < trees.len() => trees.insert(at, trees[at].clone()),
        2 if at + 1 < trees.len() => trees.swap(at, at + 1),
        3 if at < trees.len() => trees[at] = word,
        _ => trees.insert(at.min(trees.len()), word),
    }
    trees.into_iter().collect()
}

/// Token streams of a campaign that takes no time worth mentioning; `STRATAL_CAMPAIGN=1000000` makes it a real one.
const CAMPAIGN: usize = 20_000;

/// How many runs a campaign has.
pub(crate) fn campaign(usual: usize) -> usize {
    std::env::var("STRATAL_CAMPAIGN").ok().and_then(|runs| runs.parse().ok()).unwrap_or(usual)
}

/// Whatever tokens come, code comes out that parses, and nothing panics.
#[test]
fn a_campaign_of_random_edits_finds_no_panic() {
    let runs = campaign(CAMPAIGN);
    let words = "skip optional tied each = \"layers.{i}\" len tier require ( H == D ) rename_all \"camelCase\" crate \
        prefix enum struct union < > { } [ ] Vec Tensor Shape ! _ 3 , ; : :: & 'a r#type .. # \"\" dyn fn - 1.5 Tied";
    let vocabulary = tokens_of(words);
    let mut dice = Dice(4);
    let seeds: Vec<TokenStream> =
        STRUCTS.iter().chain(&NAMES).chain(&SHAPES).map(|seed| tokens(seed)).collect();
    for run in 0..runs {
        let seed = dice.below(seeds.len());
        let mut input = seeds[seed].clone();
        for _ in 0..=dice.below(6) {
            input = edited(input, &vocabulary, &mut dice);
        }
        if seed < STRUCTS.len() {
            let parsed = syn::parse2::<syn::File>(derive_params(input.clone()));
            assert!(parsed.is_ok(), "run {run}: {input}");
        } else {
            let items = syn::parse2::<syn::File>(dims(input.clone()));
            assert!(items.is_ok(), "run {run}: {input}");
            let emitted = shape(input.clone());
            assert!(
                syn::parse2::<syn::Type>(emitted.clone()).is_ok() || is_error(&emitted),
                "run {run}: {input}"
            );
        }
    }
    println!("{runs} token streams, 0 panics");
}
