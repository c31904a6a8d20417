//! Directives of the preprocessor: `#if 0`, and names that stand for tokens.
//!
//! Other conditions are not evaluated: what stands under them is read, whichever side it is on. A name that is defined
//! in two ways stands for nothing, so that what depends on it is refused.

use super::lex::{Kind, Token};
use std::collections::HashMap;

/// Most tokens that names may turn into, so that names of names of names end.
const EXPANDED_MAX: usize = 100_000;
/// Most names that stand for each other in a row.
const DEPTH_MAX: usize = 32;

/// The tokens without directives, names replaced by what they stand for.
pub(super) fn processed(tokens: Vec<Token>) -> Vec<Token> {
    let defined = definitions(&tokens);
    let mut pass = Pass { defined, seen: HashMap::new(), out: Vec::new(), expanded: 0 };
    each_line(tokens, &mut |line| match line {
        Line::Code(token) => pass.expand(token, &mut Vec::new()),
        Line::Condition(line) => pass.out.push(Token {
            kind: Kind::Condition,
            text: String::new(),
            line,
            first: true,
            glued: false,
        }),
        Line::Directive(words) => pass.define(&words),
    });
    pass.out
}

/// The files that are included by a name in quotes, with the line of each.
pub(super) fn includes(tokens: Vec<Token>) -> Vec<(String, usize)> {
    let mut included = Vec::new();
    each_line(tokens, &mut |line| {
        if let Line::Directive(words) = line
            && let [word, name, ..] = &words[..]
            && word.is("include")
            && name.kind == Kind::Text
        {
            included.push((name.text.clone(), name.line));
        }
    });
    included
}

enum Line {
    Code(Token),
    Condition(usize),
    /// A directive after its `#`.
    Directive(Vec<Token>),
}

/// Whether the lines under a condition are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Under {
    /// The condition is not evaluated.
    Unknown,
    /// `#if 1`, or the other side of `#if 0`.
    True,
    False,
}

/// The conditions that a line stands under, and how many of them hide it.
#[derive(Default)]
struct Conditions {
    open: Vec<Under>,
    hiding: usize,
}

impl Conditions {
    fn push(&mut self, under: Under) {
        self.open.push(under);
        self.hiding += usize::from(under == Under::False);
    }

    fn pop(&mut self) -> Option<Under> {
        let last = self.open.pop()?;
        self.hiding -= usize::from(last == Under::False);
        Some(last)
    }
}

/// Calls `visit` for everything that is not under `#if 0`.
fn each_line(tokens: Vec<Token>, visit: &mut dyn FnMut(Line)) {
    let mut conditions = Conditions::default();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let hidden = conditions.hiding > 0;
        if !(token.first && token.is("#")) {
            if !hidden {
                visit(Line::Code(token));
            }
            continue;
        }
        let mut words = Vec::new();
        while let Some(word) = tokens.next_if(|next| !next.first) {
            words.push(word);
        }
        let argument = words.get(1).map_or("", |word| word.text.as_str());
        match words.first().map_or("", |word| word.text.as_str()) {
            "if" => conditions.push(match (argument, words.len()) {
                ("0" | "false", 2) => Under::False,
                ("1" | "true", 2) => Under::True,
                _ => Under::Unknown,
            }),
            "ifdef" | "ifndef" => conditions.push(Under::Unknown),
            "else" | "elif" | "elifdef" | "elifndef" => {
                if let Some(last) = conditions.pop() {
                    conditions.push(match (last, argument.is_empty()) {
                        (Under::Unknown, _) | (Under::False, false) => Under::Unknown,
                        (Under::False, true) => Under::True,
                        (Under::True, _) => Under::False,
                    });
                }
            }
            "endif" => drop(conditions.pop()),
            _ => {
                if !hidden {
                    visit(Line::Directive(words));
                }
                continue;
            }
        }
        visit(Line::Condition(token.line));
    }
}

/// For each name, whether every `#define` of it is the same.
fn definitions(tokens: &[Token]) -> HashMap<String, bool> {
    let mut bodies: HashMap<String, Vec<String>> = HashMap::new();
    let mut same = HashMap::new();
    each_line(tokens.to_vec(), &mut |line| {
        let Line::Directive(words) = line else { return };
        if let [word, name, body @ ..] = &words[..]
            && word.is("define")
            && name.is_word()
        {
            let body: Vec<String> = body.iter().map(|token| token.text.clone()).collect();
            let first = bodies.entry(name.text.clone()).or_insert_with(|| body.clone());
            let equal = *first == body;
            same.entry(name.text.clone()).and_modify(|same| *same &= equal).or_insert(true);
        }
    });
    same
}

struct Pass {
    /// Names that are defined anywhere, and whether in one way.
    defined: HashMap<String, bool>,
    /// Definitions so far.
    seen: HashMap<String, Vec<Token>>,
    out: Vec<Token>,
    expanded: usize,
}

impl Pass {
    fn define(&mut self, words: &[Token]) {
        match words {
            [word, name, body @ ..] if word.is("define") && name.is_word() => {
                let takes_arguments = body.first().is_some_and(|token| token.glued && token.is("("));
                if !takes_arguments && self.defined.get(&name.text) == Some(&true) {
                    self.seen.insert(name.text.clone(), body.to_vec());
                }
            }
            [word, name] if word.is("undef") => drop(self.seen.remove(&name.text)),
            _ => {}
        }
    }

    fn expand(&mut self, token: Token, within: &mut Vec<String>) {
        let body = (token.is_word() && within.len() < DEPTH_MAX && !within.contains(&token.text))
            .then(|| self.seen.get(&token.text).cloned())
            .flatten();
        let Some(body) = body.filter(|_| self.expanded < EXPANDED_MAX) else {
            self.out.push(token);
            return;
        };
        self.expanded += body.len() + 1;
        within.push(token.text);
        for mut inner in body {
            (inner.line, inner.first) = (token.line, false);
            self.expand(inner, within);
        }
        within.pop();
    }
}
