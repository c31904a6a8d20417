//! Generated C as a program of the host: it reads tensors, runs the stages block by block, and writes tensors.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use stratal::runtime::kernel::{Argument, Descriptor, Extent, Role, Work};
use stratal::runtime::tensor::DType;

/// What CUDA has and the host has not.
const SHIM: &str = "struct st_dim { unsigned x, y, z; };\nstatic st_dim threadIdx, blockIdx;\n";

/// A kernel compiled for the host.
pub(crate) struct Program {
    descriptor: &'static Descriptor,
    folder: tempfile::TempDir,
}

impl Program {
    /// Compiles the C of a kernel; says so and gives nothing where there is no compiler.
    pub(crate) fn build(descriptor: &'static Descriptor) -> Option<Self> {
        if std::env::var_os("STRATAL_KERNELS_ON").is_some() {
            println!(
                "SKIPPED: generated C of `{}` runs on the device, and is compared there",
                descriptor.name
            );
            return None;
        }
        if Command::new("g++").arg("--version").output().is_err() {
            println!("SKIPPED: generated C of `{}` is not compared: no g++", descriptor.name);
            return None;
        }
        if let Some(folder) = std::env::var_os("STRATAL_KERNEL_SOURCES") {
            let path = PathBuf::from(folder).join(format!("{}.cu", descriptor.name));
            std::fs::write(path, descriptor.cuda_source()).expect("a folder for sources");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("kernel.cpp");
        std::fs::write(&source, [SHIM, &descriptor.cuda_source(), &main(descriptor)].concat())
            .expect("a file");
        let mut compiler = Command::new("g++");
        compiler
            .args(["-std=c++17", "-O1", "-ffp-contract=off", "-o"])
            .arg(folder.path().join("kernel"))
            .arg(&source);
        let compiled = compiler.output().expect("g++ runs");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        Some(Self { descriptor, folder })
    }

    /// Runs it: `sizes` of the dimensions, `scalars` as C, bytes of the tensors that are passed. Gives the bytes of the
    /// tensors that are written, then of the results.
    pub(crate) fn run(&self, sizes: &[usize], scalars: &[&str], inputs: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut child = Command::new(self.folder.path().join("kernel"))
            .args(sizes.iter().map(ToString::to_string))
            .args(scalars.iter().map(|scalar| scalar.trim_end_matches('f')))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        let (output, ()) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| child.wait_with_output().expect("the program ends"));
            inputs.iter().for_each(|bytes| stdin.write_all(bytes).expect("the program reads"));
            drop(stdin);
            (reader.join().expect("no panic"), ())
        });
        assert!(output.status.success(), "{:?}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        let mut rest = &output.stdout[..];
        let take = |buffer: &&stratal::runtime::kernel::Buffer| {
            let elements: usize = buffer.extents.iter().map(|extent| extent_of(*extent, sizes)).product();
            let (bytes, after) = rest.split_at(elements * buffer.dtype.size());
            rest = after;
            bytes.to_vec()
        };
        let written = self.written().chain(self.results());
        let found = written.collect::<Vec<_>>().iter().map(take).collect();
        assert!(rest.is_empty());
        found
    }

    fn written(&self) -> impl Iterator<Item = &'static stratal::runtime::kernel::Buffer> + use<> {
        let descriptor = self.descriptor;
        descriptor.buffers.iter().filter(
            |buffer| matches!(buffer.role, Role::Passed(tensor) if descriptor.tensors[tensor].written),
        )
    }

    fn results(&self) -> impl Iterator<Item = &'static stratal::runtime::kernel::Buffer> + use<> {
        let mut results: Vec<(usize, &'static stratal::runtime::kernel::Buffer)> = Vec::new();
        for buffer in self.descriptor.buffers {
            if let Role::Result(result) = buffer.role {
                results.push((result, buffer));
            }
        }
        results.sort_by_key(|(result, _)| *result);
        results.into_iter().map(|(_, buffer)| buffer)
    }
}

fn extent_of(extent: Extent, sizes: &[usize]) -> usize {
    match extent {
        Extent::Symbol(symbol) => sizes[symbol],
        Extent::Fixed(size) => size,
    }
}

/// The type of the prelude that stores a dtype.
fn c_type(dtype: DType) -> &'static str {
    match dtype {
        DType::F64 => "double",
        DType::F16 => "st_f16",
        DType::BF16 => "st_bf16",
        DType::I64 => "long long",
        DType::I32 => "int",
        DType::U64 => "unsigned long long",
        DType::U32 => "unsigned",
        DType::U8 => "unsigned char",
        DType::F32 => "float",
        other => panic!("no kernel of this test stores {other}"),
    }
}

/// The product of extents, in C.
fn product(extents: &[Extent]) -> String {
    let one = |extent: &Extent| match extent {
        Extent::Symbol(symbol) => format!(" * n{symbol}"),
        Extent::Fixed(size) => format!(" * {size}ull"),
    };
    format!("(1ull{})", extents.iter().map(one).collect::<String>())
}

/// The program around the entries.
fn main(descriptor: &Descriptor) -> String {
    let mut text = "#include <cstdio>\n#include <cstdlib>\n#include <vector>\n".to_owned();
    text += "int main(int, char **words) {\nunsigned fault = 0;\n";
    for symbol in 0..descriptor.symbols.len() {
        let _ = writeln!(text, "const st_size n{symbol} = strtoull(words[{}], nullptr, 10);", symbol + 1);
    }
    for (at, scalar) in descriptor.scalars.iter().enumerate() {
        let word = descriptor.symbols.len() + 1 + at;
        let (ty, read) = (c_type(scalar.dtype), if scalar.dtype == DType::F64 { "strtod" } else { "strtof" });
        let _ = writeln!(text, "const {ty} s{at} = ({ty}){read}(words[{word}], nullptr);");
    }
    for (at, buffer) in descriptor.buffers.iter().enumerate() {
        let (ty, count) = (c_type(buffer.dtype), product(buffer.extents));
        let _ = writeln!(text, "std::vector<{ty}> b{at}({count} + 1);");
        if matches!(buffer.role, Role::Passed(_)) {
            let _ =
                writeln!(text, "if (fread(b{at}.data(), sizeof({ty}), {count}, stdin) != {count}) return 3;");
        }
    }
    for stage in descriptor.stages {
        let blocks = match &stage.work {
            Work::Elements(extents) => format!("({} + 255) / 256", product(extents)),
            Work::Rows(extents) => format!("({} + 7) / 8", product(extents)),
            Work::Tiles([rows, columns]) => {
                format!("(({} + 15) / 16) * (({} + 15) / 16)", product(&[*rows]), product(&[*columns]))
            }
            Work::Tiles(_) => panic!("a tile has two sides"),
            Work::Given { .. } => panic!("generated stages derive their blocks"),
        };
        let arguments: Vec<String> = stage
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Written(buffer) | Argument::Read(buffer) => format!("b{buffer}.data()"),
                Argument::Size(symbol) => format!("n{symbol}"),
                Argument::Scalar(scalar) => format!("s{scalar}"),
                Argument::Count(..) => panic!("generated stages take sizes as they are"),
                Argument::Faults => "&fault".to_owned(),
            })
            .collect();
        let _ = writeln!(
            text,
            "for (st_size block = 0; block < {blocks}; ++block) {{\nblockIdx.x = (unsigned)block;"
        );
        let _ = writeln!(text, "{}({});\n}}", stage.entry, arguments.join(", "));
    }
    let mut shown: Vec<(usize, usize)> = Vec::new();
    for (at, buffer) in descriptor.buffers.iter().enumerate() {
        match buffer.role {
            Role::Passed(tensor) if descriptor.tensors[tensor].written => shown.push((0, at)),
            Role::Result(result) => shown.push((1 + result, at)),
            Role::Passed(_) | Role::Temporary => {}
        }
    }
    shown.sort();
    for (_, at) in shown {
        let (ty, count) = (c_type(descriptor.buffers[at].dtype), product(descriptor.buffers[at].extents));
        let _ = writeln!(text, "fwrite(b{at}.data(), sizeof({ty}), {count}, stdout);");
    }
    text + "return fault == 0 ? 0 : 4;\n}\n"
}
