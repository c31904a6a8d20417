//! C as tokens: comments, line continuations and the insides of literals are gone, lines are kept.

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// From 1.
    pub(super) line: usize,
    /// Whether it is the first of its line.
    pub(super) first: bool,
    /// Whether nothing stands between it and the token before.
    pub(super) glued: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    /// A string; its text is what stands between the quotes.
    Text,
    /// One character.
    Mark,
    /// A directive that begins, changes or ends a condition.
    Condition,
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Mark) && self.text == text
    }

    pub(super) fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }
}

/// Reads all of `text`.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    Lexer { text: spliced(text), at: 0, first: true, glued: false, tokens: Vec::new() }.run()
}

/// Every character with its line, without the line ends behind backslashes.
fn spliced(text: &str) -> Vec<(char, usize)> {
    let (mut all, mut line) = (Vec::with_capacity(text.len()), 1);
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if matches!(rest.peek(), Some('\n' | '\r')) => {
                if rest.next() == Some('\r') {
                    rest.next_if_eq(&'\n');
                }
                line += 1;
            }
            '\r' => {
                rest.next_if_eq(&'\n');
                all.push(('\n', line));
                line += 1;
            }
            '\n' => {
                all.push(('\n', line));
                line += 1;
            }
            c => all.push((c, line)),
        }
    }
    all
}

struct Lexer {
    text: Vec<(char, usize)>,
    at: usize,
    first: bool,
    glued: bool,
    tokens: Vec<Token>,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).map(|(c, _)| *c)
    }

    fn run(mut self) -> Vec<Token> {
        while let Some(c) = self.peek(0) {
            let line = self.text[self.at].1;
            match c {
                '\n' => {
                    self.at += 1;
                    (self.first, self.glued) = (true, false);
                }
                c if c.is_whitespace() => self.skip(1),
                '/' if self.peek(1) == Some('/') => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.skip(1);
                    }
                }
                '/' if self.peek(1) == Some('*') => {
                    self.skip(2);
                    while self.peek(0).is_some() && (self.peek(0), self.peek(1)) != (Some('*'), Some('/')) {
                        self.skip(1);
                    }
                    self.skip(2);
                }
                '"' => self.quoted('"', line),
                '\'' => self.quoted('\'', line),
                c if c.is_alphabetic() || c == '_' || c == '$' => self.word(line),
                c if c.is_ascii_digit() => {
                    let number = self.taken(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '\''));
                    self.push(Kind::Number, number, line);
                }
                c => {
                    self.at += 1;
                    self.push(Kind::Mark, c.to_string(), line);
                }
            }
        }
        self.tokens
    }

    fn skip(&mut self, count: usize) {
        self.at = (self.at + count).min(self.text.len());
        self.glued = false;
    }

    fn push(&mut self, kind: Kind, text: String, line: usize) {
        self.tokens.push(Token { kind, text, line, first: self.first, glued: self.glued });
        (self.first, self.glued) = (false, true);
    }

    fn taken(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.peek(0).filter(|c| belongs(*c)) {
            taken.push(c);
            self.at += 1;
        }
        taken
    }

    /// A word, or the literal that it is the prefix of.
    fn word(&mut self, line: usize) {
        let word = self.taken(|c| c.is_alphanumeric() || c == '_' || c == '$');
        let quote = self.peek(0);
        match (word.as_str(), quote) {
            ("R" | "LR" | "uR" | "UR" | "u8R", Some('"')) => self.raw(line),
            ("L" | "u" | "U" | "u8", Some(quote @ ('"' | '\''))) => self.quoted(quote, line),
            _ => self.push(Kind::Word, word, line),
        }
    }

    /// A literal up to its closing quote, or the end of the line.
    fn quoted(&mut self, quote: char, line: usize) {
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek(0).filter(|c| *c != '\n') {
            self.at += 1;
            if c == quote {
                break;
            }
            text.push(c);
            if c == '\\'
                && let Some(escaped) = self.peek(0)
            {
                text.push(escaped);
                self.at += 1;
            }
        }
        self.push(if quote == '"' { Kind::Text } else { Kind::Number }, text, line);
    }

    /// `R"end(…)end"`
    fn raw(&mut self, line: usize) {
        self.at += 1;
        let mark = self.taken(|c| c != '(' && c != '"' && !c.is_whitespace());
        let end: Vec<char> = format!("){mark}\"").chars().collect();
        while self.at < self.text.len() && !end.iter().enumerate().all(|(i, c)| self.peek(i) == Some(*c)) {
            self.at += 1;
        }
        self.at = (self.at + end.len()).min(self.text.len());
        self.push(Kind::Text, String::new(), line);
    }
}
