//! Promises of sealed chunks: they open unchanged and alone, and no two look alike.

use super::*;
use proptest::prelude::*;

proptest! {
    /// What was sealed opens; one flipped bit, or the seal of another chunk, does not.
    #[test]
    fn only_what_was_sealed_opens(bytes in prop::collection::vec(any::<u8>(), 1..500), at in any::<prop::sample::Index>()) {
        let sealer = Sealer::new().unwrap();
        let (mut sealed, mut other) = (bytes.clone(), bytes.clone());
        let (seal, other_seal) = (sealer.seal(&mut sealed).unwrap(), sealer.seal(&mut other).unwrap());
        prop_assert_ne!(seal, other_seal);
        prop_assert!(bytes.len() < 4 || sealed != other, "the same bytes are sealed differently");
        let mut flipped = sealed.clone();
        flipped[at.index(bytes.len())] ^= 1 << (at.index(8) as u8);
        prop_assert_eq!(sealer.open(&seal, &mut flipped).unwrap_err().kind(), ErrorKind::Corrupt);
        prop_assert!(sealer.open(&other_seal, &mut sealed.clone()).is_err());
        prop_assert!(Sealer::new().unwrap().open(&seal, &mut sealed.clone()).is_err(), "another key");
        sealer.open(&seal, &mut sealed).unwrap();
        prop_assert_eq!(sealed, bytes);
    }
}

/// No nonce comes twice, whoever seals; when none is left, nothing is sealed.
#[test]
fn no_nonce_comes_twice() {
    let sealer = Sealer::new().unwrap();
    let mut nonces: Vec<u64> = std::thread::scope(|scope| {
        let seal = || (0..200).map(|_| sealer.seal(&mut [0]).unwrap().nonce).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(seal)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 800);
    let last = Sealer { next_nonce: AtomicU64::new(u64::MAX - 1), ..Sealer::new().unwrap() };
    assert!(last.seal(&mut [0]).is_ok());
    assert!((0..3).all(|_| last.seal(&mut [0]).is_err()));
}
