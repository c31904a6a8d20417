//! Every change of a native signature that its language can express is refused, at the parameter, with its number.
//!
//! A kernel is a list of parameters, each in Rust, in C and in PTX. Each of them is left out, doubled, swapped with each
//! other one, given each other type, made a pointer or a value, and has its `const` turned; what is then another
//! signature must be refused, and the unchanged one must not.

use proc_macro2::TokenStream;
use std::str::FromStr;

/// Elements and their C types.
const ELEMENTS: [(&str, &str); 13] = [
    ("f64", "double"),
    ("f32", "float"),
    ("f16", "__half"),
    ("bf16", "__nv_bfloat16"),
    ("i64", "long long"),
    ("i32", "int"),
    ("i16", "short"),
    ("i8", "signed char"),
    ("u64", "unsigned long long"),
    ("u32", "unsigned int"),
    ("u16", "unsigned short"),
    ("u8", "unsigned char"),
    ("bool", "bool"),
];
/// Numbers, their C types, and the PTX that compilers write.
const NUMBERS: [(&str, &str, &str); 8] = [
    ("f64", "double", ".f64"),
    ("f32", "float", ".f32"),
    ("i64", "long long", ".u64"),
    ("i32", "int", ".u32"),
    ("u64", "unsigned long long", ".u64"),
    ("u32", "unsigned int", ".u32"),
    ("usize", "size_t", ".u64"),
    ("bool", "bool", ".u8"),
];
/// Every `.param` there can be.
const REGISTERS: [&str; 20] = [
    ".u8",
    ".u16",
    ".u32",
    ".u64",
    ".s8",
    ".s16",
    ".s32",
    ".s64",
    ".b8",
    ".b16",
    ".b32",
    ".b64",
    ".b128",
    ".f32",
    ".f64",
    ".f16",
    ".u64 .ptr .global .align 4",
    ".u64 .ptr .shared .align 4",
    ".align 4 .b8 [4]",
    ".align 8 .b8 [8]",
];
const POINTER: &str = ".u64 .ptr .global .align 1";

struct Kernel {
    options: &'static str,
    item: String,
    native: Vec<(String, String)>,
}

/// A kernel of tensors and numbers in this order, `mut` before what is written.
fn kernel(params: &[&str], options: &'static str, sizes: &[(&str, &str)]) -> Kernel {
    let (mut rust, mut native) = (Vec::new(), Vec::new());
    for (at, param) in params.iter().enumerate() {
        let (kind, name) = param.split_once(' ').unwrap_or(("", param));
        let c =
            |name: &str| ELEMENTS.iter().find(|element| element.0 == name).map_or("", |element| element.1);
        match kind {
            "&" => {
                rust.push(format!("p{at}: &Tensor<{name}, {{[N, M]}}>"));
                native.push((format!("const {}*", c(name)), POINTER.to_owned()));
            }
            "&mut" => {
                rust.push(format!("p{at}: &mut Tensor<{name}, {{[M]}}>"));
                native.push((format!("{}*", c(name)), POINTER.to_owned()));
            }
            _ => {
                let number = NUMBERS.iter().find(|number| number.0 == name).expect("a number");
                rust.push(format!("p{at}: {name}"));
                native.push((number.1.to_owned(), number.2.to_owned()));
            }
        }
    }
    native.extend(sizes.iter().map(|(c, ptx)| ((*c).to_owned(), (*ptx).to_owned())));
    Kernel { options, item: format!("fn k({});", rust.join(", ")), native }
}

fn kernels() -> Vec<Kernel> {
    let tensors: Vec<String> = ELEMENTS
        .iter()
        .enumerate()
        .map(|(at, element)| format!("{} {}", if at % 2 == 0 { "&" } else { "&mut" }, element.0))
        .collect();
    let tensors: Vec<&str> = tensors.iter().map(String::as_str).collect();
    let numbers: Vec<&str> = ["&mut f32"].into_iter().chain(NUMBERS.iter().map(|number| number.0)).collect();
    let (size, int) = (("size_t", ".u64"), ("int", ".u32"));
    vec![
        kernel(&["& f32", "&mut f32", "f32"], "", &[size, size]),
        kernel(
            &["& bf16", "& i32", "&mut f16", "i64", "& u8"],
            "arguments = [p0, p1, p2, p3, p4, N as i32]",
            &[int],
        ),
        kernel(&tensors, "", &[size, size]),
        kernel(&numbers, "", &[size]),
        kernel(&["&mut f64"], "arguments = [p0]", &[]),
        kernel(
            &["u32", "&mut u32", "bool", "& bool"],
            "arguments = [p0, p1, p2, p3, (N * M) as u32, N as i64]",
            &[("unsigned", ".u32"), ("long long", ".u64")],
        ),
    ]
}

fn tokens(text: &str) -> TokenStream {
    TokenStream::from_str(text).expect("tokens")
}

/// The errors of a kernel against a text, if any.
fn told(kernel: &Kernel, file: &str, text: &str) -> Option<String> {
    let shape = if kernel.item.contains("&mut") { "" } else { "threads = 1, " };
    let options = format!("{shape}file = \"{file}\", {}", kernel.options);
    let emitted = crate::kernel_of_text(tokens(&options), tokens(&kernel.item), text).to_string();
    emitted.contains("compile_error").then_some(emitted)
}

fn c_text(params: &[String]) -> String {
    let params: Vec<String> = params.iter().enumerate().map(|(at, ty)| format!("{ty} a{at}")).collect();
    format!("extern \"C\" __global__ void k({}) {{}}", params.join(", "))
}

fn ptx_text(params: &[String]) -> String {
    let param = |(at, ty): (usize, &String)| match ty.split_once('[') {
        Some((ty, size)) => format!(".param {ty} a{at}[{size}"),
        None => format!(".param {ty} a{at}"),
    };
    let params: Vec<String> = params.iter().enumerate().map(param).collect();
    format!(".visible .entry k({})\n{{ ret; }}", params.join(",\n"))
}

/// Every list with one left out, doubled or added, two swapped, or one replaced, and the place of what changed.
fn mutations(
    params: &[String],
    others: &dyn Fn(&str) -> Vec<String>,
    same: &dyn Fn(&str, &str) -> bool,
) -> Vec<(usize, Vec<String>)> {
    let mut all = Vec::new();
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut params = params.to_vec();
        change(&mut params);
        params
    };
    for at in 0..params.len() {
        all.push((0, with(&|params| drop(params.remove(at)))));
        all.push((0, with(&|params| params.insert(at, params[at].clone()))));
        for other in at + 1..params.len() {
            if !same(&params[at], &params[other]) {
                all.push((at + 1, with(&|params| params.swap(at, other))));
            }
        }
        for other in others(&params[at]) {
            if !same(&params[at], &other) {
                all.push((at + 1, with(&|params| params[at].clone_from(&other))));
            }
        }
    }
    all
}

/// Other types that stand for one in C: every other element or number, `const` turned, a pointer made a value and back.
fn other_c(ty: &str) -> Vec<String> {
    let types =
        ELEMENTS.iter().map(|element| element.1).chain(["float4", "void", "char", "long double", "Mystery"]);
    let mut all: Vec<String> = Vec::new();
    let value = ty.trim_start_matches("const ").trim_end_matches('*');
    for other in types {
        all.extend([other.to_owned(), format!("{other}*"), format!("const {other}*")]);
    }
    all.extend([
        value.to_owned(),
        format!("{value}*"),
        format!("const {value}*"),
        format!("{value}&"),
        format!("{value}**"),
    ]);
    all
}

/// Whether two are one type in C.
fn same_c(a: &str, b: &str) -> bool {
    let plain = |ty: &str| ty.replace("size_t", "unsigned long long").replace("unsigned int", "unsigned");
    plain(a) == plain(b)
}

#[test]
fn every_mutation_of_c_is_refused() {
    let mut seen = 0;
    for kernel in kernels() {
        let params: Vec<String> = kernel.native.iter().map(|native| native.0.clone()).collect();
        assert_eq!(told(&kernel, "k.cu", &c_text(&params)), None);
        for (place, mutated) in mutations(&params, &other_c, &same_c) {
            let text = c_text(&mutated);
            let told = told(&kernel, "k.cu", &text)
                .unwrap_or_else(|| panic!("accepted: {text} for {}", kernel.item));
            let names_it = match place {
                0 => told.contains("takes"),
                place => told.contains(&format!("parameter {place} of `k` in k.cu:1")),
            };
            assert!(names_it, "{text}: {told}");
            seen += 1;
        }
    }
    println!("{seen} mutations of C, all refused");
    assert!(seen > 1000, "only {seen} mutations");
}

/// What PTX says of a parameter, as far as it is part of the signature: compilers write `.u` for either sign, `.b` is any
/// class, and what a pointer leads to is not there.
fn same_ptx(a: &str, b: &str) -> bool {
    let plain = |ty: &str| {
        if ty.contains(".global") {
            return "pointer".to_owned();
        }
        ty.to_owned()
    };
    let (a, b) = (plain(a), plain(b));
    let width = |ty: &str| ty.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned();
    let class = |ty: &str| ty.chars().nth(1).unwrap_or(' ');
    let bits = |ty: &str| class(ty) == 'b';
    let integer = |ty: &str| matches!(class(ty), 'u' | 's' | 'b');
    a == b
        || !a.contains("pointer")
            && !b.contains("pointer")
            && !a.contains('[')
            && !b.contains('[')
            && !b.contains(".ptr")
            && width(&a) == width(&b)
            && (bits(&a) || bits(&b) || integer(&a) && integer(&b))
}

#[test]
fn every_mutation_of_ptx_is_refused() {
    let mut seen = 0;
    for kernel in kernels() {
        let params: Vec<String> = kernel.native.iter().map(|native| native.1.clone()).collect();
        assert_eq!(told(&kernel, "k.ptx", &ptx_text(&params)), None);
        let pointers = params.iter().filter(|param| param.contains(".ptr")).count();
        let others = |ty: &str| {
            let all = REGISTERS.iter().map(|other| (*other).to_owned());
            // With one pointer, no other says that pointers are marked here.
            let unmarked = |other: &String| {
                !(ty == POINTER && pointers == 1 && matches!(&other[1..], "u64" | "s64" | "b64"))
            };
            all.filter(unmarked).collect()
        };
        for (place, mutated) in mutations(&params, &others, &same_ptx) {
            let text = ptx_text(&mutated);
            let told = told(&kernel, "k.ptx", &text)
                .unwrap_or_else(|| panic!("accepted: {text} for {}", kernel.item));
            let names_it = place == 0 && told.contains("takes")
                || told.contains(&format!("parameter {place} of `k` in k.ptx"));
            assert!(names_it, "{text}: {told}");
            seen += 1;
        }
    }
    println!("{seen} mutations of PTX, all refused");
    assert!(seen > 400, "only {seen} mutations");
}

/// A sign that PTX does tell is compared.
#[test]
fn signs_of_ptx_are_compared() {
    let of = |number: &str, register: &str| {
        let kernel = kernel(&["&mut f32", number], "arguments = [p0, p1]", &[]);
        told(&kernel, "k.ptx", &ptx_text(&[POINTER.to_owned(), register.to_owned()])).is_none()
    };
    assert!(
        of("i32", ".s32") && of("i32", ".u32") && of("u32", ".u32") && of("u32", ".b32") && of("i64", ".s64")
    );
    assert!(!of("u32", ".s32") && !of("usize", ".s64") && !of("f32", ".u32") && !of("f32", ".s32"));
}
