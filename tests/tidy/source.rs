//! One Rust file as the rules see it: per line, the code with strings and comments blanked, and the comment alone.
//!
//! Invariant: `code` keeps every column of the line, so positions in it are positions in the file. The lexer knows
//! nested block comments, raw strings, byte strings, and the difference between a lifetime and a character.

/// One line of a file.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// Code only: what was comment is spaces, what was inside quotes is spaces.
    pub(crate) code: String,
    /// Comment text of the line, markers included; empty when there is none.
    pub(crate) comment: String,
}

impl Line {
    /// Code without surrounding spaces.
    pub(crate) fn trimmed(&self) -> &str {
        self.code.trim()
    }

    /// Spaces before the first code character.
    pub(crate) fn indent(&self) -> usize {
        self.code.len() - self.code.trim_start().len()
    }
}

/// One Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Path from the repository root, with `/`.
    pub(crate) path: String,
    /// Its lines.
    pub(crate) lines: Vec<Line>,
    /// Whether it holds tests only, so that rules about shipped code do not apply.
    pub(crate) is_test: bool,
}

/// Where the lexer is.
#[derive(Clone, Copy)]
enum State {
    Code,
    LineComment,
    BlockComment(usize),
    Text,
    RawText(usize),
}

impl Source {
    /// Splits `text` into code and comments.
    pub(crate) fn lex(path: &str, text: &str) -> Self {
        let mut lexer =
            Lexer { chars: text.chars().collect(), at: 0, line: Line::default(), lines: Vec::new() };
        lexer.run();
        Self { path: path.to_owned(), lines: lexer.lines, is_test: path.starts_with("tests/") }
    }

    /// The files of the modules that this file declares for tests only.
    pub(crate) fn test_modules(&self) -> Vec<String> {
        let (folder, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let folder = match name {
            "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
            _ => self.path.trim_end_matches(".rs").to_owned(),
        };
        let mut found = Vec::new();
        for pair in self.lines.windows(2) {
            let [attribute, declaration] = pair else { continue };
            let cfg =
                attribute.trimmed().starts_with("#[cfg(") && words(&attribute.code, "test").next().is_some();
            let module = declaration.trimmed().strip_suffix(';').and_then(|code| code.rsplit_once("mod "));
            if let (true, Some((_, module))) = (cfg, module) {
                found.push(format!("{folder}/{module}.rs"));
                found.push(format!("{folder}/{module}/"));
            }
        }
        found
    }
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: Line,
    lines: Vec<Line>,
}

impl Lexer {
    fn run(&mut self) {
        let mut state = State::Code;
        while let Some(&c) = self.chars.get(self.at) {
            if c == '\n' {
                self.lines.push(std::mem::take(&mut self.line));
                self.at += 1;
                if matches!(state, State::LineComment) {
                    state = State::Code;
                }
                continue;
            }
            state = match state {
                State::Code => self.code(c),
                State::LineComment => self.comment(1, State::LineComment),
                State::BlockComment(depth) => self.block_comment(depth),
                State::Text => self.text(c),
                State::RawText(hashes) => self.raw_text(hashes),
            };
        }
        if !self.line.code.is_empty() || !self.line.comment.is_empty() {
            self.lines.push(std::mem::take(&mut self.line));
        }
    }

    fn ahead(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c))
    }

    /// Takes `n` characters as code.
    fn keep(&mut self, n: usize, then: State) -> State {
        for _ in 0..n {
            self.line.code.push(self.chars[self.at]);
            self.at += 1;
        }
        then
    }

    /// Takes one character from inside quotes.
    fn blank(&mut self, then: State) -> State {
        self.line.code.push(' ');
        self.at += 1;
        then
    }

    /// Takes `n` characters as comment.
    fn comment(&mut self, n: usize, then: State) -> State {
        for _ in 0..n {
            self.line.comment.push(self.chars[self.at]);
            self.line.code.push(' ');
            self.at += 1;
        }
        then
    }

    fn code(&mut self, c: char) -> State {
        if self.ahead("//") {
            return self.comment(2, State::LineComment);
        }
        if self.ahead("/*") {
            return self.comment(2, State::BlockComment(1));
        }
        if c == '"' {
            return self.keep(1, State::Text);
        }
        if c == 'r' && !self.after_word() {
            let hashes = self.chars[self.at + 1..].iter().take_while(|&&c| c == '#').count();
            if self.chars.get(self.at + 1 + hashes) == Some(&'"') {
                return self.keep(hashes + 2, State::RawText(hashes));
            }
        }
        if c == '\'' {
            return self.quote();
        }
        self.keep(1, State::Code)
    }

    /// Whether the character before is part of a word other than the `b` or `c` prefix of a raw string.
    fn after_word(&self) -> bool {
        let before = |n: usize| self.at.checked_sub(n).map_or(' ', |i| self.chars[i]);
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let prefix = matches!(before(1), 'b' | 'c') && !word(before(2));
        word(before(1)) && !prefix
    }

    /// A quote opens a character if one follows and closes, else it is a lifetime.
    fn quote(&mut self) -> State {
        if self.chars.get(self.at + 1) == Some(&'\\') {
            let body = &self.chars[self.at + 3..];
            let close = body.iter().position(|&c| c == '\'').unwrap_or(0);
            return self.character(close + 4);
        }
        if self.chars.get(self.at + 2) == Some(&'\'') {
            return self.character(3);
        }
        self.keep(1, State::Code)
    }

    /// Takes a character literal of `n` characters, quotes included.
    fn character(&mut self, n: usize) -> State {
        self.keep(1, State::Code);
        for _ in 2..n {
            self.blank(State::Code);
        }
        self.keep(1, State::Code)
    }

    fn block_comment(&mut self, depth: usize) -> State {
        if self.ahead("*/") {
            let then = if depth == 1 { State::Code } else { State::BlockComment(depth - 1) };
            return self.comment(2, then);
        }
        if self.ahead("/*") {
            return self.comment(2, State::BlockComment(depth + 1));
        }
        self.comment(1, State::BlockComment(depth))
    }

    fn text(&mut self, c: char) -> State {
        match c {
            '"' => self.keep(1, State::Code),
            '\\' if self.chars.get(self.at + 1).is_some_and(|&next| next != '\n') => {
                self.blank(State::Text);
                self.blank(State::Text)
            }
            _ => self.blank(State::Text),
        }
    }

    fn raw_text(&mut self, hashes: usize) -> State {
        let closing: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
        if self.ahead(&closing) {
            return self.keep(hashes + 1, State::Code);
        }
        self.blank(State::RawText(hashes))
    }
}

/// The places of `word` in `code` that are not part of a longer word.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}
