//! What programs do: strings and maps of strings, trees, and the parsers of three well-known crates.

use crate::dice::Dice;
use crate::text;
use crate::{Done, Point, Run};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;
use std::hint::black_box;

pub(crate) const POINTS: &[Point] = &[
    ("strings", strings),
    ("bmap", bmap),
    ("hmap", hmap),
    ("btree", btree),
    ("json", json),
    ("syn", syn),
    ("regex", regex),
];

/// Lines made of words, taken apart, changed and joined. An operation is a line.
fn strings(run: &Run) -> Done {
    run.on_each(|thread| {
        let mut dice = Dice::new(thread);
        let lines = run.scaled(400_000);
        for _ in 0..lines {
            let line =
                format!("{} {} {}", text::word(dice.roll()), text::word(dice.roll()), dice.below(1000));
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            black_box(words.join("-") + &line);
        }
        lines
    })
}

/// A sorted map of strings, entries inserted and removed.
fn bmap(run: &Run) -> Done {
    run.on_each(|thread| {
        let (mut map, mut dice) = (BTreeMap::new(), Dice::new(thread));
        let operations = run.scaled(250_000);
        for at in 0..operations {
            map.insert(text::key(dice.below(40_000)), text::key(at));
            map.remove(&text::key(dice.below(40_000)));
        }
        black_box(map.len());
        operations
    })
}

/// A hashed map of strings, entries inserted and removed.
fn hmap(run: &Run) -> Done {
    run.on_each(|thread| {
        let mut map = HashMap::<String, String, BuildHasherDefault<DefaultHasher>>::default();
        let mut dice = Dice::new(thread);
        let operations = run.scaled(400_000);
        for at in 0..operations {
            map.insert(text::key(dice.below(40_000)), text::key(at));
            map.remove(&text::key(dice.below(40_000)));
        }
        black_box(map.len());
        operations
    })
}

struct Node {
    children: Option<[Box<Node>; 2]>,
}

impl Node {
    fn grown(depth: usize) -> Self {
        let child = || Box::new(Self::grown(depth - 1));
        Self { children: (depth > 0).then(|| [child(), child()]) }
    }

    fn count(&self) -> usize {
        1 + self.children.iter().flatten().map(|child| child.count()).sum::<usize>()
    }
}

/// Binary trees of many depths, grown and dropped. An operation is a node.
fn btree(run: &Run) -> Done {
    run.on_each(|_| {
        let (mut nodes, wanted) = (0, run.scaled(16_000_000));
        for depth in (4..18_usize).step_by(2).cycle() {
            let tree = Node::grown(depth);
            nodes += tree.count();
            drop(black_box(tree));
            if nodes >= wanted {
                break;
            }
        }
        nodes
    })
}

/// Records parsed into a tree of values, and dropped. An operation is a record.
fn json(run: &Run) -> Done {
    const RECORDS: usize = 1000;
    let document = text::records(RECORDS);
    run.start();
    run.on_each(|_| {
        let documents = run.scaled(300);
        for _ in 0..documents {
            let value: serde_json::Value = serde_json::from_str(&document).expect("made as JSON");
            black_box(&value);
        }
        documents * RECORDS
    })
}

/// Source files of this repository parsed into syntax trees. An operation is a file.
fn syn(run: &Run) -> Done {
    let sources = text::sources();
    run.start();
    run.on_each(|_| {
        let files = run.scaled(220);
        for at in 0..files {
            black_box(syn::parse_file(&sources[at * 7 % sources.len()]).expect("it compiles"));
        }
        files
    })
}

/// Expressions compiled, then searched for in a text. An operation is an expression.
fn regex(run: &Run) -> Done {
    const EXPRESSIONS: [&str; 4] = [
        r"(?i)\b(stream|tensor|lease)[a-z]*\b",
        r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})",
        r#""(?P<key>[^"\\]*)"\s*:\s*"(?P<value>[^"\\]*)""#,
        r"\p{Lu}\p{Ll}+(?:\s+\p{Lu}\p{Ll}+)*",
    ];
    let document = text::records(20);
    run.start();
    run.on_each(|_| {
        let expressions = run.scaled(400);
        for at in 0..expressions {
            let expression = regex::Regex::new(EXPRESSIONS[at % 4]).expect("written by hand");
            let found: Vec<String> =
                expression.captures_iter(&document).map(|found| found[0].to_owned()).collect();
            black_box(found);
        }
        expressions
    })
}
