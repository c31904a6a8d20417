//! Promise: what the store gives back wrong is never served: it is read again, or the tensor it belongs to, and no
//! other, refuses use until it is rewritten.

use crate::spill::{MIB, Vector, check, vectors, write};
use crate::world::{directory, engine, policy};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use stratal::tiering::io::sim::{Fault, Faults, Sim};
use stratal::{Engine, ErrorKind};

/// The spill file that an engine of this process keeps in `dir`: it has no name, but a descriptor.
pub(crate) fn spill_file(dir: &Path) -> Option<File> {
    let descriptors = std::fs::read_dir("/proc/self/fd").ok()?.flatten().map(|entry| entry.path());
    let found = descriptors.filter(|path| std::fs::read_link(path).is_ok_and(|file| file.starts_with(dir)));
    let mut files = found.filter_map(|path| OpenOptions::new().read(true).write(true).open(path).ok());
    files.find(|file| file.metadata().is_ok_and(|facts| facts.is_file()))
}

/// A byte of every extent that holds a chunk beginning with `first` is changed; how many there were.
fn damage(file: &File, first: u8) -> usize {
    let len = file.metadata().unwrap().len();
    let mut damaged = 0;
    for offset in (0..len).step_by(2 * MIB) {
        let mut bytes = [0; 600];
        if file.read_at(&mut bytes, offset).is_ok()
            && bytes[0] == first
            && bytes[510..512] == [first, first + 1]
        {
            file.write_at(&[bytes[100] ^ 4], offset + 100).unwrap();
            damaged += 1;
        }
    }
    file.sync_all().unwrap();
    damaged
}

/// A spill file damaged behind the engine's back: the tensor is named, with tier, file offset and chunk; the others
/// are whole; rewriting it makes it good.
#[test]
fn a_damaged_store_poisons_the_tensor_it_hit_and_no_other() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let tensors = vectors(&engine, 9, 2 * MIB);
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 0).unwrap());
    let Some(file) = spill_file(dir.path()) else { return println!("SKIPPED: no /proc/self/fd here") };
    let hit = (1..9).find(|i| damage(&file, (i * 31) as u8) > 0).expect("some of nine tensors are spilled");
    let others = || tensors.iter().enumerate().filter(|(i, _)| *i != hit);
    others().chain(others()).for_each(|(i, tensor)| check(tensor, i, 0));
    let error = tensors[hit].read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(error.fact("tensor"), Some(&*format!("state.{hit}")));
    assert_eq!(error.fact("tier"), Some("nvme"));
    assert!(error.fact("offset").is_some() && error.fact("chunk") == Some("0"), "{error}");
    assert_eq!(tensors[hit].read().unwrap_err().kind(), ErrorKind::Poisoned);
    let counters = engine.counters();
    assert!(counters.checksum_mismatches >= 3 && counters.bytes_verified > 0, "{counters}");
    others().for_each(|(i, tensor)| check(tensor, i, 0));
    write(&tensors[hit], hit, 1).unwrap();
    others().for_each(|(i, tensor)| check(tensor, i, 0));
    check(&tensors[hit], hit, 1);
}

fn simulated(dir: &Path, faults: Faults) -> Engine {
    let policy = policy(dir, "10 MiB", "10 s").unwrap();
    Engine::builder().policy(policy).driver(move || Ok(Box::new(Sim::open(8, faults)?))).build().unwrap()
}

/// A read that is wrong once is read again, and nobody notices but the counters.
#[test]
fn a_read_that_is_wrong_once_is_repeated() {
    let dir = directory();
    let mut repeated = 0;
    for fault in [Fault::Flip, Fault::Misdirected, Fault::Torn] {
        for nth in 6..14 {
            let engine = simulated(dir.path(), Faults::none(nth).at(nth, fault));
            let tensors = vectors(&engine, 6, 3 * MIB);
            tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 0).unwrap());
            let wrong = |(i, tensor): (usize, &Vector)| judge(tensor, i, 0).err();
            let lost = tensors.iter().enumerate().filter_map(wrong).count();
            let counters = engine.counters();
            assert!(
                lost == 0 || fault != Fault::Flip,
                "a write is never flipped, a read is repeated: {counters}"
            );
            repeated += u64::from(lost == 0) * counters.checksum_mismatches;
            assert_eq!(counters.checksum_mismatches > 0, counters.retries > 0, "{counters}");
        }
    }
    assert!(repeated > 0, "no fault hit a read");
}

/// The right bytes, or a typed error that names the tensor.
fn judge(tensor: &Vector, i: usize, round: usize) -> stratal::Result<()> {
    match tensor.read() {
        Ok(_) => {
            check(tensor, i, round);
            Ok(())
        }
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Poisoned), "{error}");
            assert_eq!(error.fact("tensor"), Some(tensor.name()));
            Err(error)
        }
    }
}

/// Flipped bits, torn and misdirected transfers at random, reads and writes: never a wrong byte, and each tensor that
/// was lost is whole once it is rewritten.
#[test]
fn a_disk_that_lies_never_yields_wrong_bytes() {
    let dir = directory();
    let (mut lost, mut mismatches) = (0, 0);
    for seed in 0..8 {
        let faults = Faults {
            damage_per_mille: 60,
            short_per_mille: 100,
            delay_waits: (seed % 3) as u32,
            reorder: seed % 2 == 0,
            ..Faults::none(seed)
        };
        let engine = simulated(dir.path(), faults);
        let tensors = vectors(&engine, 7, 2 * MIB + 70_000);
        tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 0).unwrap());
        let mut rounds = [0; 7];
        for step in 1..40 {
            let i = (step * 5 + seed as usize) % 7;
            let again = step % 3 == 0 || judge(&tensors[i], i, rounds[i]).is_err();
            lost += usize::from(again && step % 3 != 0);
            while again && write(&tensors[i], i, step).is_err() {}
            rounds[i] = if again { step } else { rounds[i] };
        }
        mismatches += engine.counters().checksum_mismatches;
    }
    assert!(lost > 0 && mismatches > 0, "the campaign met no damage");
}
