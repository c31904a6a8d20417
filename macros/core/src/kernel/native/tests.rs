//! Promises of the readers: every spelling of a signature is the same signature, what cannot be followed is refused,
//! and no text makes them panic.

mod mutations;
mod texts;

use super::*;
use crate::kernel::number::Number;

fn one(text: &str) -> Result<Signature, Refusal> {
    let found = functions(text, Language::Cuda);
    let found = found.into_iter().find(|found| found.name == "k");
    found.unwrap_or_else(|| panic!("no `k` in {text}")).what
}

fn types(text: &str) -> Vec<Type> {
    let signature = one(text).unwrap_or_else(|refusal| panic!("{refusal:?}: {text}"));
    signature.params.into_iter().map(|param| param.ty).collect()
}

fn param(written: &str) -> Type {
    let text = format!("extern \"C\" __global__ void k({written}) {{}}");
    let types = types(&text);
    assert_eq!(types.len(), 1, "{text}");
    types[0].clone()
}

fn pointer(element: Element, constant: bool) -> Type {
    Type::Pointer { to: Pointee::Elements(element), constant }
}

const F32: Element = Element::Plain(Number::F32);
const I32: Element = Element::Plain(Number::I32);
const U32: Element = Element::Plain(Number::U32);
const I64: Element = Element::Plain(Number::I64);
const U64: Element = Element::Plain(Number::U64);

/// Elements, a C++ type that is the same, and spellings.
const SPELLINGS: [(Element, &str, &str); 13] = [
    (I32, "int", "int|signed|signed int|int signed|int32_t|std::int32_t|::int32_t|const int|int const"),
    (U32, "unsigned", "unsigned|unsigned int|int unsigned|uint32_t|uint|::std::uint32_t|volatile unsigned"),
    (
        I64,
        "long",
        "long|long long|long int|long long int|signed long long|int64_t|ptrdiff_t|long signed long",
    ),
    (
        U64,
        "unsigned long",
        "unsigned long long|unsigned long|size_t|std::size_t|uint64_t|long unsigned int long",
    ),
    (Element::I16, "short", "short|short int|signed short|int16_t"),
    (Element::U16, "unsigned short", "unsigned short|short unsigned int|ushort|uint16_t"),
    (Element::I8, "signed char", "signed char|char signed|int8_t"),
    (Element::U8, "unsigned char", "unsigned char|uint8_t"),
    (F32, "float", "float|__grid_constant__ const float|[[maybe_unused]] float"),
    (Element::Plain(Number::F64), "double", "double"),
    (Element::Plain(Number::Bool), "bool", "bool"),
    (Element::F16, "__half", "__half|half"),
    (Element::Bf16, "__nv_bfloat16", "__nv_bfloat16|nv_bfloat16"),
];

/// Each spelling as a parameter, what it is read as, and the C++ type of that.
fn spelt() -> Vec<(String, Type, String)> {
    let mut all = Vec::new();
    for (element, c, spellings) in SPELLINGS {
        for spelling in spellings.split('|') {
            let plain = spelling.replace("const ", "").replace(" const", "");
            let number = (Type::Number(element), c.to_owned());
            let written = (pointer(element, false), format!("{c}*"));
            let read = (pointer(element, true), format!("const {c}*"));
            let mut add = |text: String, (ty, c): &(Type, String)| all.push((text, ty.clone(), c.clone()));
            add(spelling.to_owned(), &number);
            add(format!("{spelling} name = {{}}"), &number);
            add(format!("{plain} *x"), &written);
            add(format!("{plain}* __restrict__ x = 0"), &written);
            add(format!("{plain} const *const x"), &read);
            add(format!("{plain} const x[16]"), &read);
            if !spelling.contains('[') {
                add(format!("const {plain}* __restrict__ x"), &read);
                add(format!("const {plain} *const __restrict__ x = nullptr"), &read);
            }
        }
    }
    all
}

#[test]
fn spellings_are_one_type() {
    for (written, ty, _) in spelt() {
        assert_eq!(param(&written), ty, "{written}");
    }
    assert_eq!(param("_Bool x"), Type::Number(Element::Plain(Number::Bool)));
    assert_eq!(param("cuda::std::uint32_t x"), Type::Number(U32));
}

/// What is read of a spelling is what a C++ compiler reads.
#[test]
fn a_compiler_agrees() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut text = String::from(
        "#include <cstdint>\n#include <cstddef>\n#include <sys/types.h>\n#include <type_traits>\n\
         #define __grid_constant__\nstruct __half {}; using half = __half; struct __nv_bfloat16 {};\n\
         using nv_bfloat16 = __nv_bfloat16;\n\
         template <class T> struct Wide { using type = T; };\n\
         template <> struct Wide<long long> { using type = long; };\n\
         template <> struct Wide<unsigned long long> { using type = unsigned long; };\n\
         template <class T> struct Wide<T*> { using type = typename Wide<T>::type*; };\n\
         template <class T> struct Wide<const T> { using type = const typename Wide<T>::type; };\n\
         template <class T> struct Wide<volatile T> { using type = typename Wide<T>::type; };\n\
         template <class T> struct Wide<const volatile T> { using type = const typename Wide<T>::type; };\n\
         template <class T> struct Of; template <class T> struct Of<void(T)> { using type = typename Wide<T>::type; };\n",
    );
    let all = spelt();
    for (at, (written, _, c)) in all.iter().enumerate() {
        text += &format!("void f{at}({written});\n");
        text += &format!("static_assert(std::is_same<Of<decltype(f{at})>::type, {c}>::value, \"{at}\");\n");
    }
    let compiler = Command::new("g++")
        .args(["-std=c++17", "-fsyntax-only", "-w", "-x", "c++", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut compiler) = compiler else {
        return println!("SKIPPED: a compiler reads the same types: there is no g++");
    };
    let mut input = compiler.stdin.take().expect("a pipe");
    input.write_all(text.as_bytes()).expect("the compiler reads");
    drop(input);
    let output = compiler.wait_with_output().expect("the compiler ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    println!("{} parameters, the compiler agrees", all.len());
}

#[test]
fn what_is_no_element_is_told() {
    let other = |reason| Type::Other(reason);
    for (written, expected) in [
        ("void x", other(Reason::Void)),
        ("char x", other(Reason::Char)),
        ("float4 x", other(Reason::Vector)),
        ("Mystery x", other(Reason::Unknown)),
        ("Tensor<float, 3> x", other(Reason::Unknown)),
        ("float& x", other(Reason::Reference)),
        ("float** x", other(Reason::Indirect)),
        ("float x[3][4]", other(Reason::Indirect)),
        ("void (*f)(int, int)", other(Reason::Indirect)),
        ("...", other(Reason::Variadic)),
        ("long double x", other(Reason::Unreadable)),
        ("unsigned float x", other(Reason::Unreadable)),
        ("float x y", other(Reason::Unreadable)),
        ("float \n#ifdef A\n *\n#endif\n x", other(Reason::Conditional)),
        ("const void* x", Type::Pointer { to: Pointee::Other(Reason::Void), constant: true }),
        ("const float2* x", Type::Pointer { to: Pointee::Other(Reason::Vector), constant: true }),
    ] {
        assert_eq!(param(written), expected, "{written}");
    }
    let hidden = "extern \"C\" __global__ void k(float x =\n#if A\n1, int b = 2\n#else\n2\n#endif\n) {}";
    assert!(types(hidden).contains(&other(Reason::Conditional)));
}

#[test]
fn declarations_are_found_wherever_they_stand() {
    for text in [
        "extern \"C\" __global__ void k(const float* x, int n) {}",
        "extern \"C\"\n__global__ void __launch_bounds__(256, 2)\nk(const float *x, /* of x */ int n) { if (n) {} }",
        "__launch_bounds__(256) extern \"C\" __global__ void k(const float* x, // in\n int n) {}",
        "#ifdef __cplusplus\nextern \"C\" {\n#endif\n__global__ void k(const float* x, int n) {}\n#ifdef __cplusplus\n}\n#endif",
        "namespace a { namespace { extern \"C\" { __global__ void k(const float* x, int n) { } } } }",
        "#define KERNEL extern \"C\" __global__ void \\\n  __launch_bounds__(256)\nKERNEL k(const float* x, int n) {}",
        "#define T float\n#define U T\n#if 0\n#define T double\n#endif\nextern \"C\" __global__ void k(const U* x, int n) {}",
        "typedef float real; using in = const real*; extern \"C\" __global__ void k(in x, int n) {}",
        "extern \"C\" __global__ void k(const float*, int);\nextern \"C\" __global__ void k(const float* y, int m) {}",
        "extern \"C\" __global__ void k(const float*, int);\n__global__ void k(const float* y, int m) {}",
        "__device__ float k(float x) { return x; }\nextern \"C\" __global__ void k(const float* x, int n) {}",
        "const char* s = R\"(__global__ void k() {)\"; struct S { int k(int); } s2;\nextern \"C\" __global__ void k(const float* x, int n) {}",
        "static const int a[] = {1, 2}; char q = '\"'; extern \"C\" __global__ void k(\n#pragma unroll\nconst float* x, int n = f<1, 2>(3)) {}",
        "#if 0\nextern \"C\" __global__ void k(double) {}\n#else\nextern \"C\" __global__ void k(const float* x, int n) {}\n#endif",
        "\u{feff}extern \"C\" __global__ void k(const fl\\\noat* x,\r\nint n) {}",
        "extern \"C\" [[nodiscard]] __global__ __attribute__((used)) void k(const float* x, int n) {}",
    ] {
        let expected = vec![pointer(F32, true), Type::Number(I32)];
        if text.contains("f<1, 2>") {
            // Commas of a template's arguments end a parameter; the count tells that.
            assert_ne!(types(text), expected, "{text}");
        } else {
            assert_eq!(types(text), expected, "{text}");
        }
        assert_eq!(one(text).map(|signature| signature.defined), Ok(true), "{text}");
    }
    for empty in ["", "void", " /* none */ "] {
        assert_eq!(types(&format!("extern \"C\" __global__ void k({empty}) {{}}")), [], "{empty}");
    }
    let bounds = |text: &str| one(text).ok().and_then(|signature| signature.threads_max);
    assert_eq!(bounds("extern \"C\" __global__ void __launch_bounds__(128u, 2) k() {}"), Some(128));
    assert_eq!(bounds("#define B 64\nextern \"C\" __global__ void __launch_bounds__(B) k() {}"), Some(64));
    assert_eq!(bounds("extern \"C\" __global__ void __launch_bounds__(2 * 64) k() {}"), None);
}

#[test]
fn what_cannot_be_launched_is_told() {
    for (text, refusal) in [
        ("void k(int n) {}", Refusal::NotAKernel),
        ("extern \"C\" __device__ int k(int n) { return n; }", Refusal::NotAKernel),
        ("__global__ void k(int n) {}", Refusal::Mangled),
        ("extern \"C++\" { __global__ void k(int n) {} }", Refusal::Mangled),
        ("namespace a { __global__ void k(int n) {} }", Refusal::Mangled),
        ("template <typename T> __global__ void k(T n) {}", Refusal::Template),
        (
            "template <> __global__ void k<int>(int n) {} template <int N> __global__ void k(int n) {}",
            Refusal::Template,
        ),
        ("extern \"C\" __global__ void k(int n);", Refusal::Undefined),
        (
            "extern \"C\" __global__ void k(int n) {}\nextern \"C\" __global__ void k(int n) {}",
            Refusal::Twice(2),
        ),
        (
            "#ifdef A\nextern \"C\" __global__ void k(int);\n#else\nextern \"C\" __global__ void k(long n) {}\n#endif",
            Refusal::Twice(4),
        ),
        ("extern \"C\" __global__ void k(int n) { if (n) {", Refusal::Open),
        ("extern \"C\" __global__ void k(int n", Refusal::Open),
        (
            "#ifdef A\nextern \"C\" __global__ void k(int n) {\n#else\nextern \"C\" __global__ void k(long n) {\n#endif\n}",
            Refusal::Open,
        ),
    ] {
        assert_eq!(one(text), Err(refusal), "{text}");
    }
    let ambiguous =
        "#ifdef A\n#define T float\n#else\n#define T double\n#endif\nextern \"C\" __global__ void k(T x) {}";
    assert_eq!(types(ambiguous), [Type::Other(Reason::Unknown)]);
    let ambiguous = "#ifdef A\nusing T = float;\n#else\nusing T = double;\n#endif\nextern \"C\" __global__ void k(T x) {}";
    assert_eq!(types(ambiguous), [Type::Other(Reason::Unknown)]);
}

/// Names of names of names end, and so do long files.
#[test]
fn time_is_bounded() {
    let mut doubling = String::from("#define A0 x x\n");
    for at in 1..60 {
        doubling += &format!("#define A{at} A{} A{}\n", at - 1, at - 1);
    }
    functions(&(doubling + "#define B C\n#define C B\nA59 B ;"), Language::Cuda);
    for unit in [
        "#if 0\n",
        "#if A\n",
        "(",
        "[",
        "{",
        "extern \"C\" {",
        "__global__ k(",
        "f(a, ",
        "<",
        "typedef int a;",
        "/*",
        "\\\n",
    ] {
        functions(&unit.repeat(20_000), Language::Cuda);
        functions(&unit.repeat(20_000), Language::Ptx);
    }
    functions(&".entry k(.param .u32 a".repeat(5_000), Language::Ptx);
}

#[test]
fn entries_of_ptx_are_read() {
    let text = ".version 8.4\n.target sm_80 // .entry no(\n.address_size 64\n/* .entry no() { */
        .func (.param .b32 r) helper(.param .b32 a) { ret; }
        .visible .entry k(\n .param .u64 .ptr .global .align 4 k_param_0,\n .param .f32 k_param_1,
        .param .align 8 .b8 k_param_2[16]\n)\n.maxntid 128, 2, 1\n.minnctapersm 1\n{ ret; }
        .entry none .reqntid 64 { ret; } .entry bare() ; .entry odd(.param .pred p) { }";
    let found = functions(text, Language::Ptx);
    let names: Vec<&str> = found.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["helper", "k", "none", "bare", "odd"]);
    assert_eq!(found[0].what, Err(Refusal::NotAKernel));
    let signature = found[1].what.clone().expect("a kernel");
    assert_eq!((found[1].line, signature.threads_max, signature.block), (6, Some(256), None));
    let register = |bytes, class, pointer, align, array| {
        Type::Register(Register { bytes, class, pointer, elsewhere: false, align, array })
    };
    let types: Vec<Type> = signature.params.iter().map(|param| param.ty.clone()).collect();
    assert_eq!(
        types,
        [
            register(8, Class::Unsigned, true, Some(4), false),
            register(4, Class::Float, false, None, false),
            register(16, Class::Bits, false, Some(8), true),
        ]
    );
    assert_eq!(signature.params[2].written, ".param .align 8 .b8 k_param_2[16]");
    let none = found[2].what.clone().expect("a kernel");
    assert_eq!((none.params.len(), none.block), (0, Some([64, 1, 1])));
    assert_eq!(found[3].what, Err(Refusal::Undefined));
    let odd = found[4].what.clone().expect("a kernel");
    assert_eq!(odd.params[0].ty, Type::Other(Reason::Unreadable));
}

/// What NVRTC 12.9 makes of a kernel that takes one of everything.
#[test]
fn a_compiler_s_ptx_is_accepted() {
    let registers =
        [".u64"; 8].into_iter().chain([".f64", ".f32", ".u64", ".u32", ".u64", ".u32", ".u8", ".u64"]);
    let params: Vec<String> =
        registers.enumerate().map(|(at, register)| format!("\t.param {register} k_param_{at}")).collect();
    let text = format!(
        "//\n// Generated by NVIDIA NVVM Compiler\n//\n\n.version 8.8\n.target sm_80\n.address_size 64\n\n\t// .globl\tk\n\n\
         .visible .entry k(\n{}\n)\n.maxntid 128, 1, 1\n{{\n\t.reg .b16 \t%rs<6>;\n\tret;\n}}\n",
        params.join(",\n")
    );
    let item = "fn k(a: &mut Tensor<f64, {[N]}>, b: &Tensor<f32, {[N]}>, c: &mut Tensor<f16, {[N]}>, d: &Tensor<bf16, {[N]}>,
        e: &mut Tensor<i64, {[N]}>, f: &Tensor<i32, {[N]}>, g: &mut Tensor<i16, {[N]}>, h: &Tensor<i8, {[N]}>, i: f64, j: f32,
        l: i64, m: i32, n: u64, o: u32, p: bool);";
    let emitted = crate::kernel_of_text(
        "file = \"k.ptx\"".parse().expect("options"),
        item.parse().expect("an item"),
        &text,
    );
    let emitted = emitted.to_string();
    assert!(!emitted.contains("compile_error"), "{emitted}");
    assert!(emitted.contains("block : [128 , 1 , 1]"), "{emitted}");
}
