//! `require(…)`: a comparison of constants that fails the build with the numbers in the message.

/// A piece of what is required, as it was written or as a number.
#[derive(Clone, Copy, Debug)]
pub enum Piece {
    /// Text.
    Text(&'static str),
    /// The value of a constant.
    Value(usize),
}

/// Bytes of the longest message; a longer one is cut.
const MESSAGE_BYTES: usize = 512;

/// Fails the evaluation of a constant, with the message that `pieces` make, unless `holds`.
///
/// ```compile_fail
/// use stratal_runtime::tensor::params::{Piece, require};
/// const _: () = require(7 % 2 == 0, &[Piece::Text("odd: "), Piece::Value(7)]);
/// ```
///
/// # Panics
/// Unless `holds`; the derive calls it in constants only, where that is an error of the compiler.
#[track_caller]
pub const fn require(holds: bool, pieces: &[Piece]) {
    if holds {
        return;
    }
    let mut message = Message { bytes: [0; MESSAGE_BYTES], len: 0 };
    let mut at = 0;
    while at < pieces.len() {
        match pieces[at] {
            Piece::Text(text) => message.text(text.as_bytes()),
            Piece::Value(value) => message.number(value),
        }
        at += 1;
    }
    message.panic();
}

struct Message {
    bytes: [u8; MESSAGE_BYTES],
    len: usize,
}

impl Message {
    const fn text(&mut self, text: &[u8]) {
        let mut at = 0;
        while at < text.len() && self.len < MESSAGE_BYTES {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
    }

    const fn number(&mut self, number: usize) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.text(&[b'0' + (number % 10) as u8]);
    }

    #[track_caller]
    const fn panic(&self) -> ! {
        let (text, _) = self.bytes.split_at(self.len);
        match core::str::from_utf8(text) {
            Ok(text) => panic!("{}", text),
            // The cut fell into a character.
            Err(_) => panic!("a requirement does not hold"),
        }
    }
}
