//! Entries of a PTX file (PTX ISA, "Kernel and Function Directives"): their `.param`s with widths, classes, `.ptr` and
//! alignment, and the threads that `.maxntid` and `.reqntid` allow.

use super::{Class, Found, Param, Reason, Refusal, Register, Signature, Type};

pub(super) fn functions(text: &str) -> Vec<Found> {
    let words = words(text);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if let ".entry" | ".func" = word.text.as_str() {
            found.extend(function(word.text == ".func", &words[at + 1..]));
        }
    }
    found
}

/// A word, or a mark of one character.
#[derive(Clone, Debug)]
struct Word {
    text: String,
    line: usize,
}

/// All words, without comments and the insides of strings.
fn words(text: &str) -> Vec<Word> {
    let (mut all, mut line) = (Vec::new(), 1);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' => line += 1,
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|c| *c != '\n').is_some() {},
            '/' if rest.peek() == Some(&'*') => {
                let mut before = ' ';
                rest.next();
                for c in rest.by_ref() {
                    line += usize::from(c == '\n');
                    if (before, c) == ('*', '/') {
                        break;
                    }
                    before = c;
                }
            }
            '"' => while rest.next_if(|c| *c != '\n').is_some_and(|c| c != '"') {},
            c if c.is_whitespace() => {}
            c if belongs(c) => {
                let mut text = String::from(c);
                while let Some(c) = rest.next_if(|c| belongs(*c)) {
                    text.push(c);
                }
                all.push(Word { text, line });
            }
            c => all.push(Word { text: c.to_string(), line }),
        }
    }
    all
}

fn belongs(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '%' | '.')
}

/// What stands behind `.entry` or `.func`.
fn function(device: bool, words: &[Word]) -> Option<Found> {
    // A result in parentheses stands before the name of a `.func`.
    let at = if device && words.first()?.text == "(" {
        words.iter().position(|word| word.text == ")")? + 1
    } else {
        0
    };
    let name = words.get(at)?;
    let found = |what| Some(Found { name: name.text.clone(), line: name.line, what });
    if device {
        return found(Err(Refusal::NotAKernel));
    }
    let mut rest = &words[at + 1..];
    let mut signature = Signature { named: true, ..Signature::default() };
    if let [open, inside @ ..] = rest
        && open.text == "("
    {
        let Some(end) = inside.iter().position(|word| word.text == ")") else {
            return found(Err(Refusal::Open));
        };
        let (params, after) = inside.split_at(end);
        if !params.is_empty() {
            signature.params =
                params.split(|word| word.text == ",").map(|one| param(one, name.line)).collect();
        }
        rest = &after[1..];
    }
    let end = rest.iter().position(|word| matches!(word.text.as_str(), "{" | ";" | "}" | ".entry" | ".func"));
    let Some(end) = end else { return found(Err(Refusal::Open)) };
    signature.defined = rest[end].text == "{";
    let directives = &rest[..end];
    let numbers = |directive: &str| -> Option<[u64; 3]> {
        let at = directives.iter().position(|word| word.text == directive)?;
        let mut numbers = [1; 3];
        let mut written = directives[at + 1..].iter();
        for number in &mut numbers {
            *number = written.next()?.text.parse().ok()?;
            if written.next().is_none_or(|word| word.text != ",") {
                break;
            }
        }
        Some(numbers)
    };
    signature.threads_max = numbers(".maxntid")
        .map(|[x, y, z]| x.checked_mul(y).and_then(|xy| xy.checked_mul(z)).unwrap_or(u64::MAX));
    signature.block = numbers(".reqntid");
    found(Ok(signature))
}

/// `.param .u64 .ptr .global .align 4 name`, or `.param .align 8 .b8 name[16]`.
fn param(words: &[Word], line: usize) -> Param {
    let written: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let ty = register(&written).map_or(Type::Other(Reason::Unreadable), Type::Register);
    let line = words.first().map_or(line, |word| word.line);
    Param { written: written.join(" ").replace(" [ ", "[").replace(" ]", "]"), line, ty }
}

fn register(written: &[&str]) -> Option<Register> {
    let [".param", rest @ ..] = written else { return None };
    let (mut width, mut name, mut array) = (None, false, None);
    let (mut pointer, mut elsewhere, mut align) = (false, false, None);
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match *word {
            ".align" => align = Some(rest.next()?.parse().ok()?),
            ".ptr" => pointer = true,
            ".global" => {}
            ".const" | ".shared" | ".local" => elsewhere = true,
            "[" => array = Some(rest.next()?.parse::<u64>().ok()?),
            "]" => {}
            word if word.starts_with('.') => {
                if width.replace(number(word)?).is_some() {
                    return None;
                }
            }
            _ if name => return None,
            _ => name = true,
        }
    }
    let (class, bits) = width?;
    let bytes = (bits / 8).checked_mul(array.unwrap_or(1))?;
    let array = array.is_some();
    name.then_some(Register { bytes, class, pointer, elsewhere, align, array })
}

/// `.u64`
fn number(word: &str) -> Option<(Class, u64)> {
    let (class, bits) = word.strip_prefix('.').and_then(|word| word.split_at_checked(1))?;
    let class = match class {
        "b" => Class::Bits,
        "u" => Class::Unsigned,
        "s" => Class::Signed,
        "f" => Class::Float,
        _ => return None,
    };
    let bits = bits.parse().ok().filter(|bits| [8, 16, 32, 64, 128].contains(bits))?;
    Some((class, bits))
}
