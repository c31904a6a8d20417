//! Promises of managed tensors: ranges reach the keeper as bytes, errors name the tensor, and bytes that are not
//! what was asked for are found out.

use super::super::any::AnyTensor;
use super::super::buffer::Alignment;
use super::super::dtype::DType;
use super::super::shape::C;
use super::super::typed::Tensor;
use super::*;
use crate::error::{Error, ErrorKind};
use std::sync::Mutex;

/// A keeper of one object of 24 bytes that notes what it is asked and refuses writes.
#[derive(Debug, Default)]
struct Noting {
    bytes: Box<[u64; 3]>,
    notes: Mutex<Vec<String>>,
}

impl Noting {
    fn note(&self, note: String) {
        self.notes.lock().unwrap().push(note);
    }
}

// SAFETY: the boxed bytes neither move nor change while the keeper lives, no range is lent for writing, and the
// ranges asked for are multiples of eight.
unsafe impl Keeper for Noting {
    fn acquire(&self, id: u64, range: Range<u64>, access: Access) -> Result<Held> {
        self.note(format!("acquire {id} {range:?} {access:?}"));
        if access == Access::Write {
            return Err(Error::new(ErrorKind::Unsupported, "read-only home"));
        }
        let words = &self.bytes[range.start as usize / 8..range.end as usize / 8];
        Ok(Held {
            bytes: NonNull::from(words).cast(),
            len: size_of_val(words),
            token: range.start,
            anchored: false,
        })
    }

    fn release(&self, token: u64) {
        self.note(format!("release {token}"));
    }

    fn prefetch(&self, id: u64, range: Range<u64>) {
        self.note(format!("prefetch {id} {range:?}"));
    }

    fn forget(&self, id: u64) {
        self.note(format!("forget {id}"));
    }
}

fn managed(shape: &[usize]) -> (Arc<Noting>, AnyTensor) {
    let keeper = Arc::new(Noting { bytes: Box::new([1, 2, 3]), ..Noting::default() });
    let handle = Managed::new(Arc::clone(&keeper) as _, 7, "layers.0.up".into());
    (keeper, AnyTensor::managed(DType::I64, shape, handle).unwrap())
}

/// Leases, prefetches and the end of the last handle reach the keeper, in bytes and in order.
#[test]
fn the_keeper_is_asked_in_bytes() {
    let (keeper, tensor) = managed(&[3]);
    let other = tensor.share();
    drop(tensor);
    drop(other.lease_bytes(8..24, Access::Read).unwrap());
    other.prefetch_rows(1..2);
    other.prefetch_rows(1..9);
    other.prefetch();
    drop(other);
    let notes = keeper.notes.lock().unwrap();
    let expected = ["acquire 7 8..24 Read", "release 8", "prefetch 7 8..16", "prefetch 7 0..24", "forget 7"];
    assert_eq!(*notes, expected);
}

/// Nothing is asked of the keeper for a tensor without elements.
#[test]
fn nothing_is_leased_without_asking() {
    let (keeper, tensor) = managed(&[0, 3]);
    let mut lease = tensor.lease(Access::Write).unwrap();
    assert_eq!((lease.len(), lease.bytes_mut().map(|bytes| bytes.len())), (0, Some(0)));
    tensor.prefetch();
    assert!(keeper.notes.lock().unwrap().is_empty());
}

/// What the keeper refuses says which tensor.
#[test]
fn errors_name_the_tensor() {
    let (_, tensor) = managed(&[3]);
    let error = tensor.lease(Access::Write).unwrap_err();
    assert_eq!(error.to_string(), "unsupported: read-only home (tensor `layers.0.up`)");
    let owned = AnyTensor::zeros(DType::F32, &[2], Alignment::Simd).unwrap().named("bias");
    let _held = owned.lease(Access::Read).unwrap();
    assert_eq!(
        owned.share().lease(Access::Write).unwrap_err().to_string(),
        "lease conflict: another lease is held (tensor `bias`)"
    );
}

/// A keeper whose lent bytes are one too few, or one off.
#[derive(Debug)]
struct Careless {
    bytes: Box<[u64; 2]>,
    skip: usize,
    len: usize,
}

// SAFETY: the boxed bytes neither move nor change while the keeper lives, `skip + len` is at most 16, and nothing is
// lent for writing. That the bytes are misaligned is what the test is about: the caller verifies it.
unsafe impl Keeper for Careless {
    fn acquire(&self, _: u64, _: Range<u64>, _: Access) -> Result<Held> {
        let first = NonNull::from(&*self.bytes).cast::<u8>();
        // SAFETY: `skip` is at most 16, the size of the box.
        Ok(Held { bytes: unsafe { first.add(self.skip) }, len: self.len, token: 0, anchored: false })
    }

    fn release(&self, _: u64) {}

    fn prefetch(&self, _: u64, _: Range<u64>) {}

    fn forget(&self, _: u64) {}
}

/// Bytes that are not the elements asked for become an error, not elements.
#[test]
fn careless_keepers_are_found_out() {
    for (skip, len, fine) in [(0, 12, true), (4, 12, true), (1, 12, false), (0, 11, false), (0, 8, false)] {
        let keeper = Arc::new(Careless { bytes: Box::new([0; 2]), skip, len });
        let managed = AnyTensor::managed(DType::F32, &[3], Managed::new(keeper, 0, "w".into())).unwrap();
        let tensor = Tensor::<f32, (C<3>,)>::from_any(managed).unwrap();
        let lease = tensor.read();
        assert_eq!(lease.is_ok(), fine, "{skip} {len}");
        assert!(lease.err().is_none_or(|error| error.kind() == ErrorKind::Unsupported));
    }
}
