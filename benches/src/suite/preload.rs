//! Suite `preload`: C programs that were not written for any of them, under each allocator by `LD_PRELOAD`.
//!
//! CPU time and peak memory are the kernel's account of the finished process, what it started and waited for included.
//! A program or a library that is not installed is skipped, and said.

use super::{Scale, Suite, no_child};
use crate::child;
use crate::contest::{Contender, Contest, Metric, Part};
use crate::row::Row;
use programs::{PROGRAMS, Room};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use stratal::{Error, ErrorKind, Result};

mod programs;
mod usage;

pub(crate) const SUITE: Suite = Suite {
    name: "preload",
    about: "C programs under our library and under mimalloc, jemalloc, tcmalloc and glibc",
    contests,
    child: no_child,
};

const OURS: &str = "stratal";
/// The rival of the goals.
const ANCHOR: &str = "mimalloc3";
/// What is promised of the means over programs.
const METRICS: [(&str, f64); 2] = [("", 0.95), (".rss", 0.65)];

/// Libraries of the system. The C library is loaded ahead of everything too, because some programs bring a malloc.
const INSTALLED: [(&str, &str); 4] = [
    ("mimalloc2", "libmimalloc.so.2"),
    ("jemalloc", "libjemalloc.so.2"),
    ("tcmalloc", "libtcmalloc_minimal.so.4"),
    ("glibc", "libc.so.6"),
];
const FOLDERS: [&str; 4] =
    ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];

/// An allocator's name, its part and its library.
type Library = (&'static str, Part, PathBuf);

fn contests(scale: Scale) -> Result<Vec<Contest>> {
    let source = mimalloc_source()?;
    let room = Rc::new(Room::make(folder()?, &source, scale.quick)?);
    let libraries = libraries(&source, scale)?;
    let wanted = PROGRAMS.iter().filter(|program| scale.chosen.point(program.name));
    let present = wanted.filter(|program| {
        let missing = program.needs.iter().find(|needed| !programs::installed(needed));
        if let Some(missing) = missing {
            eprintln!("SKIPPED: {} needs `{missing}`, which is not installed", program.name);
        }
        missing.is_none()
    });
    Ok(present.map(|program| contest(program, &libraries, &room)).collect())
}

fn contest(program: &'static programs::Program, libraries: &[Library], room: &Rc<Room>) -> Contest {
    let contender = |(name, part, library): &Library| {
        let (room, library) = (Rc::clone(room), library.clone());
        Contender { name, part: *part, run: Box::new(move || (program.run)(&room, &library)) }
    };
    let metrics = vec![
        Metric { name: "", unit: "CPU s", goal: None },
        Metric { name: "rss", unit: "MiB peak", goal: None },
    ];
    let contenders = libraries.iter().map(contender).collect();
    Contest { suite: "preload", point: program.name.to_owned(), metrics, contenders }
}

/// Means over the programs against every rival; those against mimalloc 3 carry the goals.
pub(crate) fn summary(rows: &[Row]) -> Vec<Row> {
    let rivals = [ANCHOR].into_iter().chain(INSTALLED.map(|(name, _)| name));
    let of = |rival: &'static str, suffix: &'static str| {
        let points = PROGRAMS.iter().map(move |program| format!("{}{suffix}", program.name));
        points.filter_map(move |point| rows.iter().find(|row| row.rival == rival && row.point == point))
    };
    let mean = |rival: &'static str, (suffix, goal): (&'static str, f64)| {
        let measured: Vec<&Row> = of(rival, suffix).collect();
        let name = format!("geomean of {}{suffix}", measured.len());
        Row::mean(name, &measured, (rival == ANCHOR).then_some(goal))
    };
    rivals.flat_map(|rival| METRICS.into_iter().filter_map(move |metric| mean(rival, metric))).collect()
}

/// Every library that is there: ours and mimalloc 3 are built, the others are the system's.
fn libraries(source: &Path, scale: Scale) -> Result<Vec<Library>> {
    let mut found = vec![(OURS, Part::Ours, child::library("stratal-preload", "libstratal_malloc.so")?)];
    if scale.chosen.rival(ANCHOR) {
        found.push((ANCHOR, Part::Rival, mimalloc(source)?));
    }
    for (name, file) in INSTALLED.into_iter().filter(|(name, _)| scale.chosen.rival(name)) {
        match FOLDERS.iter().map(|folder| Path::new(folder).join(file)).find(|path| path.exists()) {
            Some(path) => found.push((name, Part::Rival, path)),
            None => eprintln!("SKIPPED: {name}, `{file}` is not installed"),
        }
    }
    Ok(found)
}

/// Where the crate `libmimalloc-sys` keeps the C source of mimalloc 3.
fn mimalloc_source() -> Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals/Cargo.toml");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--locked", "--format-version=1", "--manifest-path"]).arg(manifest);
    let text = child::output(&mut cargo)?;
    let metadata: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| Error::new(ErrorKind::Format, "`cargo metadata` changed").caused_by(error))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let found = packages.into_iter().find(|package| package["name"] == "libmimalloc-sys");
    let manifest = found.and_then(|package| package["manifest_path"].as_str());
    let folder = manifest.and_then(|manifest| Path::new(manifest).parent());
    let missing = || Error::new(ErrorKind::Missing, "the rivals' lock file names no libmimalloc-sys");
    folder.map(|folder| folder.join("c_src/mimalloc/v3")).ok_or_else(missing)
}

/// mimalloc 3 as a shared library, with the definitions of its own release build.
fn mimalloc(source: &Path) -> Result<PathBuf> {
    const FLAGS: [&str; 6] =
        ["-O3", "-fPIC", "-shared", "-ftls-model=initial-exec", "-fvisibility=hidden", "-fno-builtin-malloc"];
    const DEFINED: [&str; 6] = [
        "NDEBUG",
        "MI_BUILD_RELEASE",
        "MI_DEBUG=0",
        "MI_MALLOC_OVERRIDE",
        "MI_SHARED_LIB",
        "MI_SHARED_LIB_EXPORT",
    ];
    let library = folder()?.join("libmimalloc3.so");
    let mut cc = Command::new("cc");
    cc.args(FLAGS).args(DEFINED.map(|name| format!("-D{name}")));
    cc.arg("-I").arg(source.join("include")).arg(source.join("src/static.c"));
    cc.arg("-o").arg(&library).arg("-lpthread");
    child::output(&mut cc).map_err(|error| error.with("rival", ANCHOR))?;
    Ok(library)
}

/// Where inputs, libraries and what programs write are kept.
fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench/preload");
    std::fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}
