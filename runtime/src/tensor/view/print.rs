//! Views as text.
use super::super::dtype::Element;
use super::super::shape::Shape;
use super::{View, ViewMut};
use std::fmt;

/// Most entries of one axis that `Display` prints; from the middle of longer ones it leaves out.
const SHOWN: usize = 6;

impl<T: Element, S: Shape> fmt::Display for View<'_, T, S> {
    /// The elements as nested lists, the middle of long axes left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, self.elements, self.layout.shape())
    }
}

/// One axis of `elements` as a list, recursing into the axes after it.
fn show<T: Element>(f: &mut fmt::Formatter<'_>, elements: &[T], shape: &[usize]) -> fmt::Result {
    let Some((&size, inner)) = shape.split_first() else {
        return elements.first().map_or(Ok(()), |element| fmt::Display::fmt(element, f));
    };
    let step = elements.len().checked_div(size).unwrap_or(0);
    let (head, tail) = if size > SHOWN { (SHOWN / 2, size - SHOWN / 2) } else { (size, size) };
    f.write_str("[")?;
    for i in (0..head).chain(tail..size) {
        f.write_str(match i {
            0 => "",
            _ if i == tail => ", …, ",
            _ => ", ",
        })?;
        show(f, &elements[i * step..(i + 1) * step], inner)?;
    }
    f.write_str("]")
}

impl<T: Element, S> fmt::Debug for View<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "View({} {:?})", T::DTYPE, self.layout.shape())
    }
}

impl<T: Element, S> fmt::Debug for ViewMut<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ViewMut({} {:?})", T::DTYPE, self.layout.shape())
    }
}
