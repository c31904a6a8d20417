//! Promise: a typed loop costs what the loop over slices costs. Twelve kernels, each by hand and over views of constant,
//! named and dynamic shape, are compiled to assembly; the inner loops are the same text once labels are numbered.

mod assembly;

use assembly::{Assembly, Loop};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

const KERNELS: [&str; 12] = [
    "scale",
    "axpy",
    "add",
    "multiply_add",
    "difference",
    "relu",
    "shift",
    "blend",
    "sum",
    "largest",
    "count",
    "dot",
];

/// Shapes, and the module that holds their twin written by hand.
const SHAPES: [(&str, &str); 3] =
    [("constant", "by_hand_constant"), ("named", "by_hand"), ("dynamic", "by_hand")];

/// Kernels whose loop over the last few elements, those that fill no vector, has its instructions in another order.
const REORDERED: [&str; 2] = ["largest", "count"];

/// Builds the runtime as users do, and the kernels with it; gives the assembly.
fn compile() -> Assembly {
    let output = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let target = output.parent().expect("the folder for temporary files lies in the target folder");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--release", "--lib", "--offline"]);
    cargo.args(["--message-format=json", "--package", "stratal-runtime", "--target-dir"]).arg(target);
    let built = cargo.output().expect("cargo runs");
    assert!(built.status.success(), "cargo build: {}", String::from_utf8_lossy(&built.stderr));
    let mut messages = built.stdout.split(|byte| *byte == b'\n');
    let library = messages.find_map(library).expect("cargo names the library");

    let kernels = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/zero_cost/kernels.rs");
    let assembly = output.join("kernels.s");
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.arg(kernels).args(["--edition=2024", "--crate-type=lib", "--emit=asm", "-O", "-Ccodegen-units=1"]);
    rustc.args(["-Csymbol-mangling-version=v0", "-o"]).arg(&assembly);
    rustc.arg("--extern").arg(format!("stratal_runtime={}", library.display()));
    rustc.arg("-L").arg(library.with_file_name("deps"));
    let compiled = rustc.output().expect("rustc runs");
    assert!(compiled.status.success(), "rustc: {}", String::from_utf8_lossy(&compiled.stderr));
    Assembly::parse(&std::fs::read_to_string(assembly).expect("rustc wrote the assembly"))
}

/// The library, if this line is cargo's message about it.
fn library(line: &[u8]) -> Option<PathBuf> {
    let message: Value = serde_json::from_slice(line).ok()?;
    if message["target"]["name"] != "stratal_runtime" || message["target"]["kind"][0] != "lib" {
        return None;
    }
    let mut files = message["filenames"].as_array()?.iter().filter_map(Value::as_str).map(PathBuf::from);
    files.find(|file| file.extension().is_some_and(|extension| extension == "rlib"))
}

/// What differs between the loops of one kernel by hand and through views; nothing if they are equal.
fn difference(kernel: &str, by_hand: &[Loop], typed: &[Loop]) -> Option<String> {
    let mut own = by_hand.to_vec();
    let mut other = typed.to_vec();
    own.sort();
    other.sort();
    if REORDERED.contains(&kernel) {
        for body in own.iter_mut().chain(&mut other).filter(|body| body.is_scalar()) {
            body.sort();
        }
        own.sort();
        other.sort();
    }
    (own.is_empty() || own != other).then(|| format!("by hand:\n{}\ntyped:\n{}", show(&own), show(&other)))
}

fn show(loops: &[Loop]) -> String {
    loops.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n--\n")
}

/// The loops of each kernel over views are those of its twin over slices, for each kind of shape.
#[test]
fn typed_loops_are_the_loops_by_hand() {
    if !cfg!(target_arch = "x86_64") {
        println!("SKIPPED: typed_loops_are_the_loops_by_hand reads the assembly of x86-64 only");
        return;
    }
    let assembly = compile();
    let mut wrong = Vec::new();
    for kernel in KERNELS {
        for (shape, twin) in SHAPES {
            let by_hand = assembly.loops("kernels", twin, kernel);
            let typed = assembly.loops("kernels", shape, kernel);
            wrong.extend(
                difference(kernel, &by_hand, &typed).map(|what| format!("{kernel}, {shape}:\n{what}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{} of 36 differ\n{}", wrong.len(), wrong.join("\n\n"));
}

/// The comparison tells loops apart that differ in one instruction, one register or one distance, and only those.
#[test]
fn the_comparison_can_fail() {
    let text = |load: &str, label: &str| {
        format!("_RNv1k:\n{label}:\n\tmovups\t{load}, %xmm0\n\taddq\t$8, %rax\n\tjne\t{label}\n\tretq\n")
    };
    let loops = |text: String| Assembly::parse(&text).loops_of("_RNv1k");
    let original = loops(text("(%rdx)", ".LBB0_1"));
    assert_eq!(original.len(), 1);
    assert_eq!(difference("scale", &original, &loops(text("(%rdx)", ".LBB7_4"))), None);
    assert!(difference("scale", &original, &loops(text("(%rsi)", ".LBB0_1"))).is_some());
    assert!(difference("scale", &original, &loops(text("16(%rdx)", ".LBB0_1"))).is_some());
    assert!(difference("scale", &[], &[]).is_some(), "no loop at all is not equality");
}
