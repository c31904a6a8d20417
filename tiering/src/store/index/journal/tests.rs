//! Promises of the journal: whole commits, in order, and none that follows a damaged one.

use super::*;
use proptest::prelude::*;

fn journal(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![7; 64];
    payloads.iter().zip(0..).for_each(|(payload, seq)| append(&mut bytes, 42, seq, payload));
    bytes
}

proptest! {
    /// A journal cut anywhere is its whole commits.
    #[test]
    fn a_cut_journal_is_its_whole_commits(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90), 0..8), cut in any::<prop::sample::Index>()) {
        let bytes = journal(&payloads);
        let cut = 64 + cut.index(bytes.len() - 63);
        let replay = replay(&bytes[..cut], 64, 42).unwrap();
        let found: Vec<&[u8]> = replay.payloads.iter().map(|payload| &bytes[payload.clone()]).collect();
        let whole = payloads.iter().map(Vec::as_slice).take(found.len());
        prop_assert!(whole.eq(found.iter().copied()));
        prop_assert_eq!(replay.next_seq, found.len() as u64);
        prop_assert!(cut < bytes.len() || found.len() == payloads.len());
    }

    /// Commits of another store, and of an earlier life of this one, are none.
    #[test]
    fn commits_of_others_are_none(payload in prop::collection::vec(any::<u8>(), 0..50)) {
        let bytes = journal(&[payload]);
        prop_assert!(replay(&bytes, 64, 43).unwrap().payloads.is_empty());
    }
}
