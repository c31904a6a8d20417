//! Requests to replay: public traces from a folder, and generators that stand in for them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::path::Path;
use std::process::{Command, Stdio};
use stratal::{Error, ErrorKind, Result};

/// The public traces, by path in their folder.
const PUBLIC: [&str; 12] = [
    "mooncake/conversation_trace.jsonl",
    "lirs/2_pools.trace.gz",
    "lirs/cs.trace.gz",
    "lirs/loop.trace.gz",
    "lirs/multi1.trace.gz",
    "lirs/multi2.trace.gz",
    "lirs/ps.trace.gz",
    "lirs/sprite.trace.gz",
    "lirs/zigzag.trace.gz",
    "adapt_size/request.trace.xz",
    "cache2k/web07.trace.xz",
    "cache2k/orm-busy.trace.xz",
];

/// The traces of a quick run.
const QUICK: usize = 2;

/// Requests for objects, numbered densely.
#[derive(Debug)]
pub(super) struct Requests {
    pub(super) name: String,
    pub(super) keys: Vec<u32>,
    /// Bytes of each object; 1 where the trace tells none.
    pub(super) bytes: Vec<u64>,
    /// Where the object of each request is requested next.
    pub(super) next: Vec<Option<u64>>,
    /// Hits that were counted already, by memory and policy: they are the same every time.
    pub(super) known: RefCell<HashMap<(u32, String), f64>>,
}

impl Requests {
    fn new<K: Eq + Hash>(name: &str, requests: impl IntoIterator<Item = (K, u64)>) -> Self {
        let mut numbers = HashMap::new();
        let (mut keys, mut bytes) = (Vec::new(), Vec::new());
        for (key, size) in requests {
            let count = numbers.len() as u32;
            let number = *numbers.entry(key).or_insert(count);
            if number == count {
                bytes.push(size.max(1));
            }
            keys.push(number);
        }
        let mut latest = vec![None; bytes.len()];
        let mut next = vec![None; keys.len()];
        for (at, &key) in keys.iter().enumerate().rev() {
            next[at] = latest[key as usize].replace(at as u64);
        }
        Self { name: name.to_owned(), keys, bytes, next, known: RefCell::default() }
    }

    pub(super) fn distinct_bytes(&self) -> u64 {
        self.bytes.iter().sum()
    }
}

/// Every trace there is, and the generated ones.
///
/// # Errors
/// `Format` where a trace is not what it should be.
pub(super) fn all(directory: &Path, quick: bool) -> Result<Vec<Requests>> {
    let mut all = vec![zipf(if quick { 20_000 } else { 400_000 }), looped()];
    let public = if quick { &PUBLIC[..QUICK] } else { &PUBLIC[..] };
    for path in public {
        let file = directory.join(path);
        if file.is_file() {
            all.push(read(&file)?);
        } else {
            eprintln!("SKIPPED: trace {path}: not in {}; --traces DIR says where it is", directory.display());
        }
    }
    Ok(all)
}

/// Popularity by a power law, as of shared prompts.
fn zipf(requests: usize) -> Requests {
    const OBJECTS: usize = 20_000;
    let mut sums: Vec<f64> = Vec::with_capacity(OBJECTS);
    for rank in 0..OBJECTS {
        sums.push(sums.last().copied().unwrap_or(0.0) + 1.0 / (rank as f64 + 1.0).powf(0.9));
    }
    let total = sums.last().copied().unwrap_or(1.0);
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let draw = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = (state >> 11) as f64 / (1_u64 << 53) as f64 * total;
        (sums.partition_point(|sum| *sum < at), 1)
    };
    Requests::new("zipf", (0..requests).map(draw))
}

/// One pass after the other, as of weights that stream.
fn looped() -> Requests {
    Requests::new("loop-1000", (0..20_000).map(|at| (at % 1000, 1)))
}

/// The decompressed bytes of a file.
fn unpacked(file: &Path) -> Result<Vec<u8>> {
    let program = match file.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => "gzip",
        Some("xz") => "xz",
        _ => return Ok(std::fs::read(file)?),
    };
    let output = Command::new(program).arg("-dc").arg(file).stderr(Stdio::inherit()).output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = format!("{program} ended with {}", output.status);
    Err(Error::new(ErrorKind::Format, message).with("file", file.display()))
}

fn read(file: &Path) -> Result<Requests> {
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let name = name.split('.').next().unwrap_or("trace").to_owned();
    let bytes = unpacked(file)?;
    let of = |part: &str| file.to_string_lossy().contains(part);
    if of("cache2k") {
        let words = bytes.chunks_exact(4).map(|word| (word.to_vec(), 1));
        return Ok(Requests::new(&name, words));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        Error::new(ErrorKind::Format, "not text").caused_by(error).with("file", file.display())
    })?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "*");
    if of("mooncake") {
        let mut blocks = Vec::new();
        for line in lines {
            let entry: serde_json::Value = serde_json::from_str(line)
                .map_err(|error| Error::new(ErrorKind::Format, "not JSON").caused_by(error))?;
            let ids = entry["hash_ids"].as_array().into_iter().flatten();
            blocks.extend(ids.filter_map(serde_json::Value::as_u64).map(|id| (id, 1)));
        }
        return Ok(Requests::new(&name, blocks));
    }
    if of("adapt_size") {
        let sized = lines.filter_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let (id, size) = (words.next()?, words.next()?);
            Some(((id, size), size.parse().ok()?))
        });
        return Ok(Requests::new(&name, sized));
    }
    Ok(Requests::new(&name, lines.map(|line| (line, 1))))
}
