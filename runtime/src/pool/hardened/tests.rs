//! Promises of the parts; what becomes of criminals is in `tests/alloc/hardened.rs`.

use super::*;

/// A sealed link opens where it lies, and differs from place to place and from its target.
#[test]
fn links_open_at_their_own_place() {
    let target = std::ptr::without_provenance_mut::<u8>(0x7F12_3456_7890);
    for place in [0x7000_0000_0010, 0x7000_0000_0020] {
        let link = key::seal(place, target);
        assert_ne!(link, target);
        assert_eq!(key::open(place, link), target);
    }
    assert_ne!(key::seal(16, target), key::seal(32, target));
    assert!(key::open(16, key::seal(16, std::ptr::null_mut())).is_null());
}

/// What is freed waits until a thousand others were freed, or many bytes, and leaves in the order it came.
#[test]
fn the_quarantine_gives_out_the_oldest() {
    for (class, kept) in [(Class::nth(3), 1024), (Class::nth(Class::COUNT - 1), 65)] {
        let block = |i: usize| std::ptr::without_provenance_mut::<u8>(64 * (i + 1));
        let mut quarantine = quarantine::Quarantine::new();
        let gone: Vec<_> = (0..3000).filter_map(|i| quarantine.exchange(class, block(i))).collect();
        assert_eq!(gone.len(), 3000 - kept);
        assert!(gone.iter().enumerate().all(|(i, found)| *found == (class, block(i))));
    }
}
