//! Views as text, the way NumPy prints arrays: columns aligned, lines of 75 characters, the middle of long axes left
//! out once there are more than 1000 elements.
//!
//! The rules are NumPy's (`array2string` of 2.x, found by its documentation and by comparing outputs): every number of
//! one print has the same width, chosen by `number`; an axis inside another one starts a new line.

mod number;

use super::super::dtype::Element;
use super::super::layout::Dense;
use super::super::layout::{Layout, Order};
use super::super::lease::{ReadLease, WriteLease};
use super::super::shape::Shape;
use super::super::typed::Tensor;
use super::{View, ViewMut};
use std::fmt;

/// Elements up to which all are printed.
const THRESHOLD: usize = 1000;
/// Entries at each end of an axis that are printed beyond the threshold.
const EDGE: usize = 3;
/// Characters of a line.
const WIDTH: usize = 75;
/// Digits behind the point, unless the format string says otherwise.
const PRECISION: usize = 8;

/// How one view is printed.
struct Page<'a> {
    layout: &'a Layout,
    /// What stands between two numbers: a space, or a comma and a space.
    separator: &'static str,
    /// Characters before the first bracket, by which later lines are indented.
    indent: usize,
    width: usize,
}

impl Page<'_> {
    /// How many entries of `axis` are printed at its head, and where its tail begins.
    fn shown(&self, axis: usize) -> (usize, usize) {
        let size = self.layout.shape()[axis];
        let cut = self.layout.num_elements() > THRESHOLD && size > 2 * EDGE;
        if cut { (EDGE, size - EDGE) } else { (size, size) }
    }

    /// The offsets of the elements that are printed, from `offset` on and from `axis` inward.
    fn offsets(&self, axis: usize, offset: usize, found: &mut Vec<usize>) {
        if axis == self.layout.shape().len() {
            found.push(offset);
            return;
        }
        let (head, tail) = self.shown(axis);
        for at in (0..head).chain(tail..self.layout.shape()[axis]) {
            self.offsets(axis + 1, offset + at * self.layout.strides()[axis], found);
        }
    }

    /// One list of `axis`, in its brackets; `width` is what is left of a line for it.
    fn list(&self, axis: usize, width: usize, words: &mut impl Iterator<Item = String>) -> String {
        let indent = " ".repeat(self.indent + axis + 1);
        let inside = if axis + 1 == self.layout.shape().len() {
            self.line(axis, &indent, width, words)
        } else {
            self.lists(axis, &indent, width, words)
        };
        // The first entry follows the bracket, which takes the place of its indent.
        format!("[{}]", &inside[indent.len()..])
    }

    /// The numbers of the last axis, on as many lines as they need.
    fn line(
        &self,
        axis: usize,
        indent: &str,
        width: usize,
        words: &mut impl Iterator<Item = String>,
    ) -> String {
        let (head, tail) = self.shown(axis);
        let size = self.layout.shape()[axis];
        let room = width - self.separator.trim_end().len().max(1);
        let (mut text, mut line) = (String::new(), indent.to_owned());
        let mut append = |word: &str, last: bool| {
            if line.chars().count() + word.chars().count() > room && line.len() > indent.len() {
                text.push_str(line.trim_end());
                text.push('\n');
                indent.clone_into(&mut line);
            }
            line.push_str(word);
            line.push_str(if last { "" } else { self.separator });
            if last {
                text.push_str(&line);
            }
        };
        for at in (0..head).chain(tail..size) {
            if at == tail && head < tail {
                append("...", false);
            }
            append(&words.next().unwrap_or_default(), at + 1 == size);
        }
        text
    }

    /// The lists of an axis that is not the last, with as many line ends between them as there are axes inside.
    fn lists(
        &self,
        axis: usize,
        indent: &str,
        width: usize,
        words: &mut impl Iterator<Item = String>,
    ) -> String {
        let (head, tail) = self.shown(axis);
        let size = self.layout.shape()[axis];
        let inside = self.layout.shape().len() - axis - 1;
        let between = format!("{}{}", self.separator.trim_end(), "\n".repeat(inside));
        let mut text = String::new();
        for at in (0..head).chain(tail..size) {
            if at == tail && head < tail {
                text.push_str(indent);
                text.push_str("...");
                text.push_str(&between);
            }
            text.push_str(indent);
            text.push_str(&self.list(axis + 1, width - 1, words));
            if at + 1 < size {
                text.push_str(&between);
            }
        }
        text
    }
}

/// The elements of a view as text.
fn print<T: Element, S: Shape, L: Order>(
    view: View<'_, T, S, L>,
    precision: Option<usize>,
    separator: &'static str,
    prefix: &str,
    suffix: &str,
) -> String {
    let page = Page { layout: &view.layout, separator, indent: prefix.len(), width: WIDTH - suffix.len() };
    let precision = precision.unwrap_or(PRECISION);
    let mut offsets = Vec::new();
    page.offsets(0, 0, &mut offsets);
    let elements = offsets.iter().filter_map(|&offset| view.elements.get(offset));
    if view.shape().is_empty() {
        return elements.map(|element| number::scalar(element, precision)).collect();
    }
    if offsets.is_empty() {
        return "[]".to_owned();
    }
    page.list(0, page.width, &mut number::words(elements, precision).into_iter())
}

impl<T: Element, S: Shape, L: Order> fmt::Display for View<'_, T, S, L> {
    /// As NumPy's `str` prints an array. A precision, `{:.3}`, is the number of digits behind the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print(*self, f.precision(), " ", "", ""))
    }
}

impl<T: Element, S: Shape, L: Order> fmt::Debug for View<'_, T, S, L> {
    /// As NumPy's `repr` prints an array, with commas, and with dtype, sizes and order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dtype, order) = (T::DTYPE, L::NAME);
        let elements = print(*self, f.precision(), ", ", "View(", ")");
        write!(f, "View({elements}, {dtype} {:?} {order})", self.shape())
    }
}

impl<T: Element, S: Shape, L: Order> fmt::Display for ViewMut<'_, T, S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_view(), f)
    }
}

impl<T: Element, S: Shape, L: Order> fmt::Debug for ViewMut<'_, T, S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_view(), f)
    }
}

impl<T: Element, S: Shape, L: Dense> fmt::Display for ReadLease<T, S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view(), f)
    }
}

impl<T: Element, S: Shape, L: Dense> fmt::Display for WriteLease<T, S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view(), f)
    }
}

impl<T: Element, S: Shape, L: Dense> fmt::Display for Tensor<T, S, L> {
    /// The elements as NumPy prints them, if they can be read at once: where a keeper holds them or a writer is at
    /// work, name, dtype and sizes. Printing fetches nothing and waits for nobody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owned = self.as_any().as_managed().is_none();
        match owned.then(|| self.read()) {
            Some(Ok(lease)) => fmt::Display::fmt(&lease.view(), f),
            _ => fmt::Display::fmt(self.as_any(), f),
        }
    }
}

#[cfg(test)]
mod tests;
