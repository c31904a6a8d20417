//! Declarations of a CUDA C file: its kernels with their parameters, and the other functions by name.
//!
//! Bodies are skipped, blocks of `extern "C"` and of namespaces are entered.

use super::directive::processed;
use super::lex::{Kind, Token, tokens};
use super::param::{self, Aliases};
use super::{Found, Param, Reason, Refusal, Signature, Type};

/// Words that have parentheses behind them and are no function.
const SPECIFIERS: [&str; 9] = [
    "__launch_bounds__",
    "__attribute__",
    "__cluster_dims__",
    "__maxnreg__",
    "__block_size__",
    "__declspec",
    "__align__",
    "alignas",
    "decltype",
];

pub(super) fn functions(text: &str) -> Vec<Found> {
    let tokens = processed(tokens(text));
    let mut reader = Reader { tokens: &tokens, at: 0, aliases: Aliases::new(), found: Vec::new() };
    reader.file();
    reader.found
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    aliases: Aliases,
    found: Vec<Found>,
}

impl<'a> Reader<'a> {
    fn file(&mut self) {
        // For each block that is entered, whether its functions have the linkage of C.
        let mut blocks: Vec<bool> = Vec::new();
        while self.at < self.tokens.len() {
            let start = self.at;
            let end = self.declaration_end();
            let declaration = &self.tokens[start..end];
            let code: Vec<&Token> =
                declaration.iter().filter(|token| token.kind != Kind::Condition).collect();
            let linkage = blocks.last().copied().unwrap_or(false);
            self.at = end + 1;
            match self.tokens.get(end) {
                Some(last) if last.is("}") => drop(blocks.pop()),
                Some(last) if last.is("{") => match &code[..] {
                    [word, text] if word.is("extern") && text.kind == Kind::Text => {
                        blocks.push(text.text == "C");
                    }
                    [first, ..] if first.is("namespace") => blocks.push(linkage),
                    [inline, namespace, ..] if inline.is("inline") && namespace.is("namespace") => {
                        blocks.push(linkage);
                    }
                    _ => {
                        let closed = self.skip_body();
                        self.declaration(declaration, linkage, Body::There { closed });
                    }
                },
                Some(_) => self.declaration(declaration, linkage, Body::None),
                None => self.declaration(declaration, linkage, Body::There { closed: false }),
            }
        }
    }

    /// The place of the `;`, `{` or `}` that ends what begins here.
    fn declaration_end(&self) -> usize {
        let mut depth = 0_usize;
        for (place, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token.text.as_str() {
                _ if token.kind != Kind::Mark => {}
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                ";" | "{" | "}" if depth == 0 => return place,
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// Goes behind the `}` that belongs to the `{` just passed; whether there is one.
    fn skip_body(&mut self) -> bool {
        let mut depth = 1_usize;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            if token.is("{") {
                depth += 1;
            } else if token.is("}") {
                depth -= 1;
            }
            if depth == 0 {
                return true;
            }
        }
        false
    }

    fn declaration(&mut self, tokens: &'a [Token], linkage: bool, body: Body) {
        // Without directives before it.
        let start = tokens.iter().position(|token| token.kind != Kind::Condition).unwrap_or(tokens.len());
        let tokens = &tokens[start..];
        match tokens {
            [typedef, rest @ ..] if typedef.is("typedef") => {
                if let (_, Some((name, declared))) = param::param(rest, &self.aliases) {
                    self.alias(name, declared);
                }
            }
            [using, name, equals, rest @ ..] if using.is("using") && equals.is("=") => {
                let mut named = rest.to_vec();
                named.push(Token { kind: Kind::Word, ..name.clone() });
                if let (_, Some((name, declared))) = param::param(&named, &self.aliases) {
                    self.alias(name, declared);
                }
            }
            _ => self.function(tokens, linkage, body),
        }
    }

    fn alias(&mut self, name: String, declared: param::Declared) {
        let known = self.aliases.entry(name).or_insert(Some(declared));
        if *known != Some(declared) {
            *known = None;
        }
    }

    fn function(&mut self, tokens: &[Token], linkage: bool, body: Body) {
        let Some(place) = function_name(tokens) else { return };
        let (before, name) = (&tokens[..place], &tokens[place]);
        let inside = &tokens[place + 2..];
        let end = closing(inside);
        let is_kernel = tokens[..place].iter().any(|token| token.is("__global__"));
        let is_c = linkage
            || before
                .windows(2)
                .any(|pair| pair[0].is("extern") && pair[1].kind == Kind::Text && pair[1].text == "C");
        let mut signature = Signature { defined: body != Body::None, ..Signature::default() };
        let what = if !is_kernel {
            Err(Refusal::NotAKernel)
        } else if before.iter().any(|token| token.is("template")) {
            Err(Refusal::Template)
        } else if body == (Body::There { closed: false }) || end == inside.len() {
            Err(Refusal::Open)
        } else {
            signature.params = params(&inside[..end], &self.aliases, name.line);
            signature.threads_max = launch_bounds(tokens);
            signature.named = is_c;
            Ok(signature)
        };
        self.found.push(Found { name: name.text.clone(), line: name.line, what });
    }
}

/// What stands behind a declaration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    None,
    There { closed: bool },
}

/// The place of the name that is declared: the first with a list of parameters behind it.
fn function_name(tokens: &[Token]) -> Option<usize> {
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        // What is initialised is no function, and `<` begins arguments of a template.
        if token.is("=") {
            return None;
        }
        if token.is_word() && tokens.get(at + 1).is_some_and(|next| next.is("(")) {
            if !SPECIFIERS.contains(&token.text.as_str()) {
                return Some(at);
            }
            at += 2;
            at += closing(&tokens[at..]);
        }
        at += 1;
    }
    None
}

/// The place of the parenthesis that closes one before `tokens`, or their number.
fn closing(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate() {
        if token.is("(") {
            depth += 1;
        } else if token.is(")") {
            if depth == 0 {
                return place;
            }
            depth -= 1;
        }
    }
    tokens.len()
}

fn params(tokens: &[Token], aliases: &Aliases, line: usize) -> Vec<Param> {
    let code: Vec<&Token> = tokens.iter().filter(|token| token.kind != Kind::Condition).collect();
    if code.is_empty() && code.len() == tokens.len() || code.len() == 1 && code[0].is("void") {
        return Vec::new();
    }
    let mut params = Vec::new();
    let mut rest = tokens;
    loop {
        let end = list_end(rest);
        let (one, after) = rest.split_at(end);
        let value = one.iter().position(|token| token.is("=")).unwrap_or(one.len());
        // A condition in the default value may hide the end of the parameter.
        let hidden = one[value..].iter().any(|token| token.kind == Kind::Condition);
        let (mut param, _) = param::param(&one[..value], aliases);
        if hidden {
            param.ty = Type::Other(Reason::Conditional);
        }
        if param.line == 0 {
            param.line = line;
        }
        params.push(param);
        match after {
            [_, after @ ..] => rest = after,
            [] => return params,
        }
    }
}

/// The place of the comma that ends the first of a list.
fn list_end(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    let mut value = false;
    for (place, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            _ if token.kind != Kind::Mark => {}
            "=" => value = true,
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "<" if !value => depth += 1,
            ">" if !value => depth = depth.saturating_sub(1),
            "," if depth == 0 => return place,
            _ => {}
        }
    }
    tokens.len()
}

/// The first number of `__launch_bounds__(256, 2)`.
fn launch_bounds(tokens: &[Token]) -> Option<u64> {
    let at = tokens.iter().position(|token| token.is("__launch_bounds__"))?;
    let [open, number, after, ..] = &tokens[at + 1..] else { return None };
    let alone = open.is("(") && (after.is(")") || after.is(","));
    alone.then(|| number.text.trim_end_matches(['u', 'U', 'l', 'L']).parse().ok())?
}
