//! Promises of declared shapes.

use super::*;

struct Seq;
impl Named for Seq {
    const NAME: &str = "Seq";
}

fn message<S: Shape>(found: &[usize]) -> String {
    S::check(found).unwrap_err().to_string()
}

/// A shape that fits is accepted, at every rank.
#[test]
fn matching_sizes_pass() {
    assert_eq!(<()>::check(&[]), Ok(()));
    assert_eq!(<(C<3>,)>::check(&[3]), Ok(()));
    assert_eq!(<(Seq, C<3>, Seq)>::check(&[7, 3, 7]), Ok(()));
    assert_eq!(<(Dyn, Dyn, Dyn, Dyn, Dyn, C<0>)>::check(&[1, 2, 3, 4, 5, 0]), Ok(()));
}

/// The message names the axis, what was declared and what was found.
#[test]
fn a_mismatch_is_named() {
    assert_eq!(message::<(C<3>, C<4>)>(&[3, 5]), "axis 1 is 5, declared 4 (found [3, 5], declared [3, 4])");
    assert_eq!(message::<(C<3>, Dyn)>(&[3]), "rank 1 found, rank 2 declared (found [3], declared [3, _])");
    assert_eq!(
        message::<(Seq, Dyn, Seq)>(&[4, 9, 5]),
        "dimension `Seq` is 4 at axis 0 but 5 at axis 2 (found [4, 9, 5], declared [Seq, _, Seq])"
    );
    assert_eq!(<(C<3>, C<4>)>::check(&[3, 5]).unwrap_err().axis(), Some(1));
    assert_eq!(<(C<3>,)>::check(&[]).unwrap_err().axis(), None);
}

/// The shape of some rows keeps every axis but the leading one.
#[test]
fn rows_free_the_leading_axis() {
    type Rows = <(C<3>, Seq, C<4>) as Shape>::Rows;
    assert_eq!(Rows::AXES, [Axis::Any, Axis::Named("Seq"), Axis::Fixed(4)]);
    assert_eq!(<<() as Shape>::Rows as Shape>::RANK, 0);
}

/// Sizes are kept in order up to the highest rank and refused beyond it.
#[test]
fn dims_hold_up_to_six() {
    let dims = Dims::new(&[1, 2, 3, 4, 5, 6]).unwrap();
    assert_eq!(*dims, [1, 2, 3, 4, 5, 6]);
    assert_eq!(*dims.with_size(2, 9), [1, 2, 9, 4, 5, 6]);
    assert_eq!(*Dims::new(&[7]).unwrap().with_size(1, 9), [7]);
    let error = Dims::new(&[1; 7]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
