//! What constant sizes can be held to while a program is built: the twins of run-time checks, in the same words.
//!
//! Each claim is a `const fn` over declared axes that panics if no sizes could satisfy it; axes that only run time
//! knows satisfy everything. Called in a `const` block, it is an error of `cargo build` (not of `cargo check`, which
//! does not evaluate the constants of generic functions): its primary span is the claim, a note points at the call.
//!
//! What a trait can say is said by [`relation`](super::relation), and is an error of `cargo check`. These two claims are
//! beyond traits of stable Rust:
//!
//! - `reshape` multiplies: `(C<A>, C<B>)` has as many elements as `(C<N>,)` where `A * B == N`, and `C<{ A * B }>` is
//!   refused in generic code ("generic parameters may not be used in const operations").
//! - `broadcast` needs an impl for `C<1>` against `C<N>` beside one for `C<N>` against `C<N>`. Both apply to `C<1>` against
//!   `C<1>`, so they overlap, and nothing stable tells them apart: no specialisation, no bound that says `N != 1`.
//!
//! Where the sizes stand in a struct, `#[params(require(..))]` has the same arithmetic checked in `cargo check`.

use super::shape::Axis;

/// Axes of constant size that reshape into each other have as many elements.
pub(super) const fn reshape(from: &[Axis], to: &[Axis]) {
    if let (Some(found), Some(declared)) = (super::shape::num_elements(from), super::shape::num_elements(to))
        && found != declared
    {
        let text = Text::new().axes(from).text(" has ").number(found).text(" elements, ");
        fail(&text.axes(to).text(" has ").number(declared));
    }
}

/// A constant axis that is broadcast to a constant size is 1 or that size; axes do not get fewer.
pub(super) const fn broadcast(from: &[Axis], to: &[Axis]) {
    if from.len() > to.len() {
        let text = Text::new().text("rank ").number(from.len()).text(" does not broadcast to rank ");
        fail(&text.number(to.len()).text(" (broadcast ").axes(from).text(" to ").axes(to).text(")"));
    }
    let (new, mut axis) = (to.len() - from.len(), 0);
    while axis < from.len() {
        if let (Axis::Fixed(found), Axis::Fixed(declared)) = (from[axis], to[new + axis])
            && found != 1
            && found != declared
        {
            let text = Text::new().text("axis ").number(axis).text(" is ").number(found);
            let text = text.text(", declared ").number(declared);
            fail(&text.text(" (broadcast ").axes(from).text(" to ").axes(to).text(")"));
        }
        axis += 1;
    }
}

const fn fail(text: &Text) -> ! {
    match std::str::from_utf8(text.bytes.split_at(text.len).0) {
        Ok(message) => panic!("{}", message),
        Err(_) => panic!("a shape does not fit"),
    }
}

/// A message under construction: `format!` does not exist in constants. What does not fit is left out.
struct Text {
    bytes: [u8; 256],
    len: usize,
}

impl Text {
    const fn new() -> Self {
        Self { bytes: [0; 256], len: 0 }
    }

    const fn text(mut self, text: &str) -> Self {
        let (bytes, mut at) = (text.as_bytes(), 0);
        while at < bytes.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = bytes[at];
            self.len += 1;
            at += 1;
        }
        self
    }

    const fn number(mut self, number: usize) -> Self {
        if number >= 10 {
            self = self.number(number / 10);
        }
        let digit = [b'0' + (number % 10) as u8];
        match std::str::from_utf8(&digit) {
            Ok(digit) => self.text(digit),
            Err(_) => self,
        }
    }

    const fn axes(mut self, axes: &[Axis]) -> Self {
        self = self.text("[");
        let mut axis = 0;
        while axis < axes.len() {
            if axis > 0 {
                self = self.text(", ");
            }
            self = match axes[axis] {
                Axis::Fixed(size) => self.number(size),
                Axis::Named(name) => self.text(name),
                Axis::Any => self.text("_"),
            };
            axis += 1;
        }
        self.text("]")
    }
}
