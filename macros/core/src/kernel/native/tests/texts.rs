//! Whatever the text is, it is read without a panic, and code comes out.

use crate::kernel::native::{Language, functions};
use crate::tests::{Dice, campaign};
use proc_macro2::TokenStream;
use std::str::FromStr;

const SEEDS: [&str; 3] = [
    "#include <cuda_fp16.h>\n#define T float /* a\n*/\n#if 0\n#else\ntypedef const T* in;\n#endif\nextern \"C\" {\n
     template <class U> __global__ void t(U* x) {}\n__global__ void __launch_bounds__(256, 2) step(in x, T *__restrict__ out,
     unsigned long long n = sizeof(int), std::size_t m[3], __half h) { out[0] = x['a'] + R\"-(})-\"[0]; }\n}\nusing r = int;",
    ".version 8.4\n.target sm_80\n.visible .entry step(.param .u64 .ptr .global .align 4 a, .param .f32 b,\n
     .param .align 8 .b8 c[16]) .maxntid 256, 1, 1 .reqntid 8 { ld.param.u64 %rd1, [a]; ret; } .func (.reg .b32 r) f();",
    "",
];
const SCRAPS: [&str; 24] = [
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    ",",
    ";",
    "*",
    "\n#if 0\n",
    "\n#endif\n",
    "\n#define T T T\n",
    "\"",
    "'",
    "/*",
    "*/",
    "\\\n",
    "extern \"C\"",
    "__global__",
    "const ",
    "ü\u{0}",
    ".param",
];

/// One edit anywhere: characters left out, doubled, or scraps put in.
fn edited(text: &str, dice: &mut Dice) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let from = dice.below(characters.len() + 1);
    let to = (from + dice.below(12)).min(characters.len());
    match dice.below(4) {
        0 => drop(characters.drain(from..to)),
        1 => {
            let copy: Vec<char> = characters[from..to].to_vec();
            let at = dice.below(characters.len() + 1);
            characters.splice(at..at, copy);
        }
        2 => {
            let byte = char::from(u8::try_from(dice.below(256)).unwrap_or(b' '));
            characters.splice(from..from, [byte]);
        }
        _ => drop(characters.splice(from..to, SCRAPS[dice.below(SCRAPS.len())].chars())),
    }
    characters.into_iter().collect()
}

#[test]
fn no_text_makes_a_panic() {
    let runs = campaign(20_000);
    let mut dice = Dice(6);
    let item = "fn step(x: &Tensor<f32, {[N]}>, out: &mut Tensor<f32, {[N]}>, n: u64, h: f32);";
    let item = TokenStream::from_str(item).expect("an item");
    let options = TokenStream::from_str("file = \"step.cu\"").expect("options");
    for run in 0..runs {
        let mut text = SEEDS[dice.below(SEEDS.len())].to_owned();
        for _ in 0..=dice.below(8) {
            text = edited(&text, &mut dice);
        }
        let found = functions(&text, Language::Cuda);
        assert!(found.iter().all(|found| found.line > 0), "run {run}: {text}");
        functions(&text, Language::Ptx);
        if run % 16 == 0 {
            let emitted = crate::kernel_of_text(options.clone(), item.clone(), &text);
            assert!(syn::parse2::<syn::File>(emitted).is_ok(), "run {run}: {text}");
        }
    }
    println!("{runs} texts, 0 panics");
}
