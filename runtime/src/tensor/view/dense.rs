//! The loops over slices, each a function that is not inlined: arguments of a function are known not to overlap,
//! fields of a view are not, and only then does the compiler emit the loop that it emits for hand-written slices
//! (`tests/zero_cost` compares them).

use super::super::shape::Shape;

/// `elements` with the length that the type knows, if it does.
fn known<S: Shape, T>(elements: &[T]) -> &[T] {
    S::NUM_ELEMENTS.map_or(elements, |len| &elements[..len])
}

/// `elements` with the length that the type knows, if it does.
fn known_mut<S: Shape, T>(elements: &mut [T]) -> &mut [T] {
    match S::NUM_ELEMENTS {
        Some(len) => &mut elements[..len],
        None => elements,
    }
}

#[inline(never)]
pub(super) fn fold<S: Shape, T: Copy, A>(elements: &[T], start: A, mut f: impl FnMut(A, T) -> A) -> A {
    let mut sum = start;
    for element in known::<S, T>(elements) {
        sum = f(sum, *element);
    }
    sum
}

#[inline(never)]
pub(super) fn fold2<S: Shape, T: Copy, U: Copy, A>(
    a: &[T],
    b: &[U],
    start: A,
    mut f: impl FnMut(A, T, U) -> A,
) -> A {
    let mut sum = start;
    for (a, b) in known::<S, T>(a).iter().zip(known::<S, U>(b)) {
        sum = f(sum, *a, *b);
    }
    sum
}

#[inline(never)]
pub(super) fn each<S: Shape, T>(elements: &mut [T], mut f: impl FnMut(&mut T)) {
    for element in known_mut::<S, T>(elements) {
        f(element);
    }
}

#[inline(never)]
pub(super) fn zip<S: Shape, T, U: Copy>(out: &mut [T], a: &[U], mut f: impl FnMut(&mut T, U)) {
    for (out, a) in known_mut::<S, T>(out).iter_mut().zip(known::<S, U>(a)) {
        f(out, *a);
    }
}

#[inline(never)]
pub(super) fn zip2<S: Shape, T, U: Copy, V: Copy>(
    out: &mut [T],
    a: &[U],
    b: &[V],
    mut f: impl FnMut(&mut T, U, V),
) {
    for ((out, a), b) in known_mut::<S, T>(out).iter_mut().zip(known::<S, U>(a)).zip(known::<S, V>(b)) {
        f(out, *a, *b);
    }
}
