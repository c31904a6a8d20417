//! `cargo check` of structs of eight fields, bare and with a derive: the CPU time that the derive adds, per struct.
//!
//! A package of its own, in the target folder, has the structs once and a feature per derive; nothing else differs. It
//! is checked with cargo's own profile, so macros run unoptimised as they do for users. Struct for struct the leaf type
//! is the same, and implements what each derive asks of it by hand.

use super::super::Scale;
use super::goal;
use crate::child;
use crate::contest::{Contender, Contest, Metric, Part, Runner};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use stratal::{Error, Result};

/// Milliseconds that a derive may cost per struct.
const GOAL_MS: f64 = 3.0;

/// Two sorts of structs: with dimensions as parameters, and without parameters.
const POINTS: [(&str, &str, [&str; 2]); 2] =
    [("derive/generic", "<O: Dim, I: Dim>", ["O", "I"]), ("derive/concrete", "", ["128", "Seq"])];

pub(super) fn contests(scale: Scale) -> Result<Vec<Contest>> {
    POINTS.iter().map(|point| contest(scale, point)).collect()
}

fn contest(scale: Scale, (point, generics, dims): &(&str, &str, [&str; 2])) -> Result<Contest> {
    let structs = if scale.quick { 20 } else { 200 };
    let package = Package::write(point, &source(structs, generics, dims))?;
    let contender = |name, part, feature| {
        let package = package.clone();
        let run: Runner = Box::new(move || {
            let (bare, derived) = (package.check("bare")?, package.check(feature)?);
            let added = derived.as_secs_f64() - bare.as_secs_f64();
            Ok(vec![added * 1e3 / structs as f64])
        });
        Contender { name, part, run }
    };
    Ok(Contest {
        suite: super::SUITE.name,
        point: (*point).to_owned(),
        metrics: vec![Metric { name: "", unit: "ms CPU/struct", goal: Some(1.0) }],
        contenders: vec![
            contender("stratal", Part::Ours, "params"),
            contender("serde", Part::Rival, "deserialize"),
            goal("3 ms", GOAL_MS),
        ],
    })
}

/// What the package has besides its structs.
const LEAF: &str = r#"//! Structs with a feature per derive.
#![allow(dead_code)]

#[cfg(feature = "deserialize")]
use serde::Deserialize;
#[cfg(feature = "params")]
use stratal::Params;
use stratal::runtime::tensor::params::Step;
use stratal::{Dim, Element, Shape, bf16, dims};

dims! { pub Seq }

/// A leaf of every derive.
pub struct Tensor<T: Element, S: stratal::runtime::tensor::Shape>(stratal::Tensor<T, S>);

impl<T: Element, S: stratal::runtime::tensor::Shape> stratal::Params for Tensor<T, S> {
    fn each_field(step: Step<'_, '_, '_, Self>) -> Option<Self> {
        match step {
            Step::Load(load) => load.here().map(Self),
            Step::Walk(leaf, walk) => {
                walk.here(&leaf.0);
                None
            }
        }
    }
}

impl<'de, T: Element, S: stratal::runtime::tensor::Shape> serde::Deserialize<'de> for Tensor<T, S> {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("a leaf without bytes"))
    }
}
"#;

/// The structs: tensors of several ranks, one optional, one in a list.
fn source(structs: usize, generics: &str, [o, i]: &[&str; 2]) -> String {
    let mut source = LEAF.to_owned();
    for number in 0..structs {
        // Writing to a `String` cannot fail.
        let _ = write!(
            source,
            "
#[cfg_attr(feature = \"params\", derive(Params))]
#[cfg_attr(feature = \"deserialize\", derive(Deserialize))]
pub struct Layer{number}{generics} {{
    pub q_proj: Tensor<bf16, Shape![{o}, {i}]>,
    pub k_proj: Tensor<bf16, Shape![{i}, {o}]>,
    pub bias: Option<Tensor<f32, Shape![{o}]>>,
    pub norm: Tensor<f32, Shape![{i}]>,
    pub heads: Vec<Tensor<f32, Shape![{o}, _]>>,
    pub up: Tensor<bf16, Shape![512, {i}]>,
    pub down: Tensor<bf16, Shape![{i}, {{ 2 * 256 }}]>,
    pub scale: Tensor<f32, Shape![_]>,
}}
"
        );
    }
    source
}

/// A package that cargo checks.
#[derive(Clone, Debug)]
struct Package {
    folder: PathBuf,
    source: String,
}

impl Package {
    fn write(point: &str, source: &str) -> Result<Self> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folder = workspace.join("target/bench-macros").join(point);
        std::fs::create_dir_all(folder.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"derives\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[features]\nbare = []\n\
             params = []\ndeserialize = []\n\n[dependencies]\nserde = {{ version = \"1\", features = [\"derive\"] }}\n\
             stratal = {{ path = {:?} }}\n",
            workspace.canonicalize()?
        );
        std::fs::write(folder.join("Cargo.toml"), manifest)?;
        std::fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        let package = Self { folder, source: source.to_owned() };
        eprintln!("checking what {point} depends on, where that is not done yet");
        ["bare", "params", "deserialize"]
            .into_iter()
            .try_for_each(|feature| package.check(feature).map(drop))?;
        Ok(package)
    }

    /// CPU time of one check of the package alone, with one derive.
    fn check(&self, feature: &str) -> Result<Duration> {
        // A file that is written anew is checked anew.
        std::fs::write(self.folder.join("src/lib.rs"), &self.source)?;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["check", "--quiet", "--features", feature, "--target-dir", "../target"]);
        cargo.current_dir(&self.folder).env("CARGO_INCREMENTAL", "0");
        let before = children_cpu()?;
        child::output(&mut cargo).map_err(|error| error.with("package", self.folder.display()))?;
        Ok(children_cpu()?.saturating_sub(before))
    }
}

/// CPU time of all children that have ended, and of theirs.
fn children_cpu() -> Result<Duration> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the pointer is valid for writes of one `rusage`.
    let refused = unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()) };
    if refused != 0 {
        return Err(Error::from(std::io::Error::last_os_error()));
    }
    // SAFETY: the call succeeded, so it wrote all of it.
    let usage = unsafe { usage.assume_init() };
    let time = |time: libc::timeval| {
        let (seconds, micros) = (time.tv_sec.unsigned_abs(), time.tv_usec.unsigned_abs());
        Duration::from_secs(seconds) + Duration::from_micros(micros)
    };
    Ok(time(usage.ru_utime) + time(usage.ru_stime))
}
