//! CUDA C as a library of the host: the source between a shim and a launcher for each entry, translated by g++.
//!
//! Libraries are kept by their content in the folder for temporary files, so each source is translated once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::Command;

/// What CUDA C expects to find.
const SHIM: &str = include_str!("shim.h");

/// The names of the `__global__` functions, in order.
pub(crate) fn entries(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    for part in code.join("\n").split("__global__").skip(1) {
        let Some((head, _)) = part.split_once('{') else { continue };
        // The name stands before the last parenthesis that opens a list of parameters, attributes left out.
        let head = match head.split_once("__launch_bounds__") {
            Some((before, rest)) => format!("{before}{}", rest.split_once(')').map_or("", |(_, rest)| rest)),
            None => head.to_owned(),
        };
        let Some((before, _)) = head.split_once('(') else { continue };
        let name = before.split(|c: char| !c.is_alphanumeric() && c != '_').rfind(|word| !word.is_empty());
        found.extend(name.map(str::to_owned));
    }
    found
}

/// Whether threads of a block meet: then each runs on a stack of its own. Generated kernels say that theirs do not on
/// the host.
fn meets(source: &str) -> bool {
    source.contains("__syncthreads") && !source.starts_with("// stratal: generated")
}

/// The library of a source.
///
/// # Errors
/// What the compiler said.
pub(crate) fn build(source: &str, options: &[String]) -> Result<PathBuf, String> {
    let mut text = format!(
        "#define FAKE_FIBRES {}\n{SHIM}\n#line 1 \"kernel.cu\"\n{source}\n",
        i32::from(meets(source))
    );
    for entry in entries(source) {
        text.push_str(&format!("FAKE_ENTRY({entry})\n"));
    }
    let mut hasher = DefaultHasher::new();
    (&text, options).hash(&mut hasher);
    let folder = std::env::temp_dir().join("stratal-fake-cuda");
    let broken = |error: std::io::Error| format!("fake CUDA: {error}");
    std::fs::create_dir_all(&folder).map_err(broken)?;
    let library = folder.join(format!("{:016x}.so", hasher.finish()));
    if library.exists() {
        return Ok(library);
    }
    let own = format!("{:016x}-{}", hasher.finish(), std::process::id());
    let (file, made) = (folder.join(format!("{own}.cpp")), folder.join(format!("{own}.so")));
    std::fs::write(&file, &text).map_err(broken)?;
    let mut compiler = Command::new("g++");
    compiler.args(["-std=c++17", "-O2", "-shared", "-fPIC", "-w", "-ffp-contract=off", "-fwrapv"]);
    compiler.arg("-fno-strict-aliasing").args(options).arg(&file).arg("-o").arg(&made);
    let output = compiler.output().map_err(|error| format!("g++: {error}"))?;
    let _ = std::fs::remove_file(&file);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    std::fs::rename(&made, &library).map_err(broken)?;
    Ok(library)
}
