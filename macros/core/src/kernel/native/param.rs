//! Types of C parameters: numbers and pointers to them, however they are written.

use super::lex::{Kind, Token};
use super::{Param, Pointee, Reason, Type};
use crate::kernel::number::{Element, Number};
use std::collections::HashMap;

/// A type as far as a parameter can have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    base: Result<Element, Reason>,
    /// Whether what the pointer leads to is `const`; of a number, whether it is.
    constant: bool,
    stars: usize,
}

/// The names that the file declares; none where they are declared in two ways.
pub(super) type Aliases = HashMap<String, Option<Declared>>;

/// Words that say nothing about the type.
const IGNORED: [&str; 11] = [
    "volatile",
    "__restrict__",
    "__restrict",
    "restrict",
    "__grid_constant__",
    "register",
    "typename",
    "struct",
    "class",
    "enum",
    "union",
];
/// Words that make up the types that are built in.
const BUILT_IN: [&str; 10] =
    ["signed", "unsigned", "short", "long", "int", "char", "float", "double", "bool", "void"];

/// A parameter, or what stands behind `typedef`; its name comes along.
pub(super) fn param(tokens: &[Token], aliases: &Aliases) -> (Param, Option<(String, Declared)>) {
    let line = tokens.first().map_or(0, |token| token.line);
    let mut reader =
        Reader { aliases, words: Vec::new(), named: None, constant: false, stars: 0, name: None };
    let declared = reader.read(tokens);
    let ty = match declared {
        Ok(Declared { base: Ok(element), stars: 0, .. }) => Type::Number(element),
        Ok(Declared { base: Err(reason), stars: 0, .. }) | Err(reason) => Type::Other(reason),
        Ok(Declared { base, stars: 1, constant }) => {
            Type::Pointer { to: base.map_or_else(Pointee::Other, Pointee::Elements), constant }
        }
        Ok(_) => Type::Other(Reason::Indirect),
    };
    let name = reader.name;
    (Param { written: written(tokens), line, ty }, name.zip(declared.ok()))
}

/// The tokens as one writes them.
fn written(tokens: &[Token]) -> String {
    let mut text = String::new();
    let says =
        |token: &&Token| token.kind != Kind::Condition && !IGNORED[1..5].contains(&token.text.as_str());
    for token in tokens.iter().filter(says) {
        let tight = token.kind == Kind::Mark && !matches!(token.text.as_str(), "(" | "=")
            || text.ends_with([':', '[', '(', '<'])
            || text.is_empty();
        if !tight {
            text.push(' ');
        }
        text.push_str(&token.text);
    }
    text
}

struct Reader<'a> {
    aliases: &'a Aliases,
    /// The built-in type so far.
    words: Vec<&'a str>,
    /// The type that has a name.
    named: Option<String>,
    constant: bool,
    stars: usize,
    name: Option<String>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, tokens: &'a [Token]) -> Result<Declared, Reason> {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            let text = token.text.as_str();
            match (token.kind, text) {
                (Kind::Condition, _) => return Err(Reason::Conditional),
                (Kind::Word, "const") => self.constant |= self.stars == 0,
                (Kind::Word, "alignas" | "__align__" | "__attribute__") => at = past(tokens, at, "(", ")"),
                (Kind::Word, _) if IGNORED.contains(&text) => {}
                (Kind::Word, "_Bool") => self.words.push("bool"),
                (Kind::Word, _) if BUILT_IN.contains(&text) && self.named.is_none() => self.words.push(text),
                (Kind::Word, _) => at = self.word(tokens, at)?,
                (Kind::Mark, ":") if self.named.is_none() && self.words.is_empty() => {}
                (Kind::Mark, "*") => self.stars += 1,
                (Kind::Mark, "&") => return Err(Reason::Reference),
                (Kind::Mark, ".") => return Err(Reason::Variadic),
                (Kind::Mark, "[") if self.named.is_none() && self.words.is_empty() => {
                    at = past(tokens, at - 1, "[", "]"); // [[maybe_unused]]
                }
                (Kind::Mark, "[") => {
                    self.stars += 1;
                    at = past(tokens, at - 1, "[", "]");
                    if tokens.get(at).is_some_and(|next| next.is("[")) {
                        return Err(Reason::Indirect);
                    }
                }
                (Kind::Mark, "(") => return Err(Reason::Indirect),
                (Kind::Mark, "<") => return Err(Reason::Unknown),
                _ => return Err(Reason::Unreadable),
            }
        }
        self.declared()
    }

    /// A word that is no keyword: the type if there is none yet, else the name.
    fn word(&mut self, tokens: &[Token], mut at: usize) -> Result<usize, Reason> {
        let mut word = tokens[at - 1].text.clone();
        if self.named.is_none() && self.words.is_empty() && self.stars == 0 {
            while let [a, b, next, ..] = &tokens[at..]
                && a.is(":")
                && b.is(":")
                && next.is_word()
            {
                word = if matches!(word.as_str(), "std" | "cuda") {
                    next.text.clone()
                } else {
                    format!("{word}::{}", next.text)
                };
                at += 3;
            }
            self.named = Some(word);
        } else if self.name.replace(word).is_some() {
            return Err(Reason::Unreadable);
        }
        Ok(at)
    }

    fn declared(&self) -> Result<Declared, Reason> {
        let (stars, constant) = (self.stars, self.constant);
        let Some(named) = &self.named else {
            let base = built_in(&self.words).ok_or(Reason::Unreadable)?;
            return Ok(Declared { base, constant, stars });
        };
        let alias = match (self.aliases.get(named), known(named)) {
            (Some(None), _) => return Ok(Declared { base: Err(Reason::Unknown), constant, stars }),
            (Some(Some(alias)), _) => *alias,
            (None, base) => Declared { base, constant: false, stars: 0 },
        };
        // A `const` before the name of a pointer is of the pointer.
        let constant = alias.constant || constant && alias.stars == 0;
        Ok(Declared { base: alias.base, constant, stars: alias.stars + stars })
    }
}

/// The place behind the bracket that closes the one at or behind `at`.
fn past(tokens: &[Token], at: usize, open: &str, close: &str) -> usize {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate().skip(at) {
        if token.is(open) {
            depth += 1;
        } else if token.is(close) {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return place + 1;
        }
    }
    tokens.len()
}

/// `unsigned long long int`, in any order.
fn built_in(words: &[&str]) -> Option<Result<Element, Reason>> {
    let count = |wanted: &str| words.iter().filter(|word| **word == wanted).count();
    let (signed, unsigned) = (count("signed"), count("unsigned"));
    let (short, long, int) = (count("short"), count("long"), count("int"));
    let integer = signed + unsigned <= 1 && int <= 1;
    let pick = |signed: Element, other: Element| Some(Ok(if unsigned == 1 { other } else { signed }));
    let plain = Element::Plain;
    match (words.len() - signed - unsigned - int, words) {
        (1, ["float"]) => Some(Ok(plain(Number::F32))),
        (1, ["double"]) => Some(Ok(plain(Number::F64))),
        (1, ["bool"]) => Some(Ok(plain(Number::Bool))),
        (1, ["void"]) => Some(Err(Reason::Void)),
        (1, ["char"]) => Some(Err(Reason::Char)),
        (1, _) if integer && int == 0 && count("char") == 1 => pick(Element::I8, Element::U8),
        (1, _) if integer && short == 1 => pick(Element::I16, Element::U16),
        // Of 64 bits on every system that has devices for us, which is not Windows.
        (1 | 2, _) if integer && long == words.len() - signed - unsigned - int => {
            pick(plain(Number::I64), plain(Number::U64))
        }
        (0, [_, ..]) if integer => pick(plain(Number::I32), plain(Number::U32)),
        _ => None,
    }
}

/// Types that headers declare.
fn known(name: &str) -> Result<Element, Reason> {
    let plain = |number| Ok(Element::Plain(number));
    match name {
        "__half" | "half" => Ok(Element::F16),
        "__nv_bfloat16" | "nv_bfloat16" => Ok(Element::Bf16),
        "int8_t" => Ok(Element::I8),
        "uint8_t" | "uchar" => Ok(Element::U8),
        "int16_t" => Ok(Element::I16),
        "uint16_t" | "ushort" => Ok(Element::U16),
        "int32_t" => plain(Number::I32),
        "uint32_t" | "uint" => plain(Number::U32),
        "int64_t" | "ssize_t" | "ptrdiff_t" | "intptr_t" => plain(Number::I64),
        "uint64_t" | "size_t" | "uintptr_t" | "ulong" => plain(Number::U64),
        _ if is_vector(name) => Err(Reason::Vector),
        _ => Err(Reason::Unknown),
    }
}

/// `float4`, `uchar2`, `__half2` and their like.
fn is_vector(name: &str) -> bool {
    let lanes = name.strip_suffix(['1', '2', '3', '4']);
    let bases = [
        "char",
        "uchar",
        "short",
        "ushort",
        "int",
        "uint",
        "long",
        "ulong",
        "longlong",
        "ulonglong",
        "float",
        "double",
        "__half",
        "half",
        "__nv_bfloat16",
        "nv_bfloat16",
    ];
    lanes.is_some_and(|base| bases.contains(&base))
}
