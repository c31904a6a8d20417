//! Promises of file slots: one file at a time, freed when idle.

use super::*;
use std::path::Path;

fn file() -> Arc<IoFile> {
    Arc::new(IoFile::in_memory(Path::new("weights"), &[]).unwrap())
}

/// A detached slot with flights over it stays taken until the last has landed.
#[test]
fn a_slot_outlives_its_flights() {
    let mut files = Files::default();
    let slot = files.attach(file()).unwrap();
    assert!(files.depart(slot).is_some() && files.depart(slot).is_some());
    assert!(!files.detach(slot));
    assert!(files.depart(slot).is_none(), "no flight departs from a detached slot");
    assert_ne!(files.attach(file()).unwrap(), slot);
    assert!(!files.land(slot));
    assert!(files.land(slot));
    assert_eq!(files.attach(file()).unwrap(), slot);
}

/// A slot that names nothing is nobody's, and forgetting it twice is harmless.
#[test]
fn unknown_slots_are_nobodys() {
    let mut files = Files::default();
    assert!(files.depart(FileSlot(3)).is_none() && !files.detach(FileSlot(3)) && !files.land(FileSlot(3)));
    let slot = files.attach(file()).unwrap();
    assert!(files.detach(slot));
    assert!(!files.detach(slot));
}

/// The file is closed as soon as its slot is free.
#[test]
fn detaching_closes_the_file() {
    let mut files = Files::default();
    let file = file();
    let weak = Arc::downgrade(&file);
    let slot = files.attach(file).unwrap();
    files.detach(slot);
    assert_eq!(weak.strong_count(), 0);
}
