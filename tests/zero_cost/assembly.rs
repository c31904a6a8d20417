//! Functions of an assembly listing, and the inner loops in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A listing in the syntax of the GNU assembler for x86-64.
pub(crate) struct Assembly {
    /// The instructions and labels of each function.
    functions: BTreeMap<String, Vec<String>>,
    /// Functions that the compiler found to be the same as another one.
    aliases: BTreeMap<String, String>,
}

/// An inner loop: its instructions, with labels numbered in order of appearance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Loop(Vec<String>);

impl Loop {
    /// Whether it handles one element at a time: it names no packed operation.
    pub(crate) fn is_scalar(&self) -> bool {
        let packed = |line: &String| {
            let operation = line.split_whitespace().next().unwrap_or_default();
            operation.ends_with("ps") || operation.starts_with('p') || operation.starts_with("movdq")
        };
        !self.0.iter().any(packed)
    }

    /// Forgets the order of the instructions.
    pub(crate) fn sort(&mut self) {
        self.0.sort();
    }
}

impl fmt::Display for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Assembly {
    pub(crate) fn parse(text: &str) -> Self {
        let mut listing = Self { functions: BTreeMap::new(), aliases: BTreeMap::new() };
        let mut current = String::new();
        for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            if let Some((alias, function)) = alias(line) {
                listing.aliases.insert(alias.to_owned(), function.to_owned());
            } else if let Some(label) = line.strip_suffix(':').filter(|label| label.starts_with("_R")) {
                current = label.to_owned();
                listing.functions.insert(current.clone(), Vec::new());
            } else if line.starts_with(".size") || line.starts_with(".Lfunc_end") {
                current.clear();
            } else if !line.is_empty()
                && (!line.starts_with('.') || line.starts_with(".L"))
                && let Some(body) = listing.functions.get_mut(&current)
            {
                body.push(line.to_owned());
            }
        }
        listing
    }

    /// The loops that `krate::module::function` runs: its own, and those of the functions it calls.
    pub(crate) fn loops(&self, krate: &str, module: &str, function: &str) -> Vec<Loop> {
        let part = |name: &str| format!("{}{name}", name.len());
        let path = [part(krate), part(module), part(function)].concat();
        let names = self.functions.keys().chain(self.aliases.keys());
        let entry = names.filter(|name| name.starts_with("_RNv")).find(|name| name.ends_with(&path));
        let entry =
            entry.unwrap_or_else(|| panic!("no function {krate}::{module}::{function} in the listing"));
        self.loops_of(entry)
    }

    /// The loops of the function of this symbol, and of those it calls.
    pub(crate) fn loops_of(&self, entry: &str) -> Vec<Loop> {
        let (mut seen, mut next) = (BTreeSet::new(), vec![entry]);
        let mut found = Vec::new();
        while let Some(name) = next.pop() {
            let name = self.aliases.get(name).map_or(name, String::as_str);
            let Some(body) = self.functions.get(name).filter(|_| seen.insert(name)) else { continue };
            next.extend(body.iter().filter_map(|line| callee(line)));
            found.extend(inner_loops(body));
        }
        found
    }
}

/// `alias = function`, or `.set alias, function`.
fn alias(line: &str) -> Option<(&str, &str)> {
    let (alias, function) = match line.strip_prefix(".set") {
        Some(pair) => pair.split_once(',')?,
        None => line.split_once('=')?,
    };
    let (alias, function) = (alias.trim(), function.trim());
    (alias.starts_with("_R") && function.starts_with("_R")).then_some((alias, function))
}

/// The function that a line calls or leaves for; not what frees the error of operands that differ in size.
fn callee(line: &str) -> Option<&str> {
    let (operation, target) = line.split_once('\t')?;
    let target = target.trim_start_matches('*');
    let name = target.split('@').next()?;
    let called = matches!(operation, "callq" | "jmpq" | "jmp" | "call") && name.starts_with("_R");
    (called && !name.contains("drop_in_place")).then_some(name)
}

/// The label that a line jumps to.
fn jump(line: &str) -> Option<&str> {
    let (operation, target) = line.split_once('\t')?;
    (operation.starts_with('j') && target.starts_with(".L")).then_some(target)
}

/// What lies between a label and the jump back to it, without a smaller such stretch inside. A stretch that calls or
/// returns is a cold path that joins the function again, and no loop over elements.
fn inner_loops(body: &[String]) -> Vec<Loop> {
    let label = |name: &str| body.iter().position(|line| line.strip_suffix(':') == Some(name));
    let back = body.iter().enumerate().filter_map(|(end, line)| {
        let start = label(jump(line)?)?;
        (start <= end).then_some((start, end))
    });
    let stretches: Vec<(usize, usize)> = back.collect();
    let inner = stretches.iter().filter(|&&(start, end)| {
        let smaller = |other: &&(usize, usize)| start <= other.0 && other.1 <= end && **other != (start, end);
        !stretches.iter().any(|other| smaller(&other))
    });
    let loops = inner.map(|&(start, end)| &body[start..=end]);
    let straight = |line: &String| !line.starts_with("call") && !line.starts_with("ret");
    loops.filter(|lines| lines.iter().all(straight)).map(|lines| Loop(numbered(lines))).collect()
}

/// The lines with each label replaced by its number.
fn numbered(lines: &[String]) -> Vec<String> {
    let mut labels: Vec<&str> = Vec::new();
    let mut numbered = Vec::new();
    for line in lines {
        let name = jump(line).or(line.strip_suffix(':'));
        numbered.push(match name {
            Some(name) => {
                let known = labels.iter().position(|label| *label == name);
                let number = known.unwrap_or(labels.len());
                labels.extend(known.is_none().then_some(name));
                line.replace(name, &format!("L{number}"))
            }
            None => line.clone(),
        });
    }
    numbered
}
