//! Promise: what does not fit is spilled and comes back bit for bit; where it cannot be spilled nothing is lost.

use crate::world::{directory, engine, policy};
use std::path::Path;
use std::process::Command;
use stratal::tiering::tier::TierKind;
use stratal::{Dyn, Engine, ErrorKind, Policy, Tensor};

pub(crate) type Vector = Tensor<u8, (Dyn,)>;
pub(crate) const MIB: usize = 1 << 20;

pub(crate) fn vectors(engine: &Engine, count: usize, bytes: usize) -> Vec<Vector> {
    (0..count).map(|i| engine.zeros(&format!("state.{i}"), [bytes]).unwrap()).collect()
}

fn pattern(i: usize, round: usize, at: usize) -> u8 {
    (at / 511 + i * 31 + round * 7) as u8
}

pub(crate) fn write(tensor: &Vector, i: usize, round: usize) -> stratal::Result<()> {
    let mut lease = tensor.write()?;
    lease.as_mut_slice().iter_mut().enumerate().for_each(|(at, byte)| *byte = pattern(i, round, at));
    Ok(())
}

pub(crate) fn check(tensor: &Vector, i: usize, round: usize) {
    let lease = tensor.read().unwrap();
    let wrong = lease.iter().enumerate().find(|(at, byte)| **byte != pattern(i, round, *at));
    assert_eq!(wrong, None, "tensor {i}, round {round}");
}

/// Four times the budget, of odd sizes, rewritten and read again: every generation comes back, within the budget.
#[test]
fn dirty_tensors_come_back_bit_for_bit() {
    let dir = directory();
    let engine = engine(dir.path(), "12 MiB");
    let tensors: Vec<Vector> =
        (0..16).map(|i| engine.zeros(&format!("state.{i}"), [3 * MIB - i * 1000]).unwrap()).collect();
    for round in 0..3 {
        for (i, tensor) in tensors.iter().enumerate() {
            write(tensor, i, round).unwrap();
        }
        for (i, tensor) in tensors.iter().enumerate().rev() {
            check(tensor, i, round);
        }
    }
    let report = engine.report();
    assert!(report.peak_bytes <= 12 << 20, "{report}");
    assert!(report.counters.spills > 0, "{report}");
}

/// Evicting what the store holds already writes nothing.
#[test]
fn a_clean_copy_is_evicted_without_a_write() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    let tensors = vectors(&engine, 8, 2 * MIB);
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 0).unwrap());
    for _ in 0..2 {
        tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 0));
    }
    let before = engine.counters();
    for _ in 0..3 {
        tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 0));
    }
    let moved = engine.counters() - before;
    assert_eq!(moved.bytes_written, 0, "{moved}");
    assert!(moved.evictions_clean > 0, "{moved}");
}

/// Dropped tensors give their memory and their place in the store back.
#[test]
fn dropped_tensors_give_everything_back() {
    let dir = directory();
    let engine = engine(dir.path(), "8 MiB");
    for round in 0..5 {
        let tensors = vectors(&engine, 8, 2 * MIB);
        tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, round).unwrap());
        tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, round));
    }
    let patience = std::time::Instant::now();
    while engine.report().used_bytes + engine.report().spilled_bytes > 0 {
        assert!(patience.elapsed().as_secs() < 60, "{}", engine.report());
        std::thread::yield_now();
    }
}

/// A store with no room refuses the lease that needs it, naming the reason; the tensors already there are whole, and
/// go on when room returns.
#[test]
fn a_full_store_refuses_and_loses_nothing() {
    let dir = directory();
    let policy = Policy::builder()
        .tier("dram", TierKind::Dram, "8 MiB")
        .spill_directory(dir.path())
        .spill_capacity("4 MiB")
        .deadline("5 s")
        .build()
        .unwrap();
    no_space(&Engine::builder().policy(policy).build().unwrap());
}

fn no_space(engine: &Engine) {
    let mut tensors = vectors(engine, 20, 2 * MIB);
    let refusal = |(i, tensor)| write(tensor, i, 0).err().map(|error| (i, error));
    let (written, error) = tensors.iter().enumerate().find_map(refusal).expect("20 tensors do not fit");
    assert!(written >= 4, "only {written} tensors fit");
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert!(error.fact("tensor").is_some(), "{error}");
    tensors.truncate(written);
    let error_or_byte = |i: usize| tensors[i].read().map(|lease| lease.iter().copied().collect::<Vec<_>>());
    let intact = (0..written).filter(|i| {
        error_or_byte(*i)
            .is_ok_and(|bytes| bytes.iter().enumerate().all(|(at, byte)| *byte == pattern(*i, 0, at)))
    });
    assert!(intact.count() >= 4, "what is resident stays readable");
    let survivors = tensors.split_off(written / 2);
    drop(tensors);
    for (i, tensor) in survivors.iter().enumerate() {
        check(tensor, written / 2 + i, 0);
    }
}

/// A spill directory that is missing, is a file, or cannot be written refuses the first spill and names itself; what
/// is in memory stays.
#[test]
fn a_useless_spill_directory_is_named() {
    let dir = directory();
    let file = dir.path().join("file");
    std::fs::write(&file, b"not a directory").unwrap();
    for useless in [dir.path().join("missing"), file, Path::new("/proc").to_path_buf()] {
        let engine = Engine::builder().policy(policy(&useless, "4 MiB", "5 s").unwrap()).build().unwrap();
        let tensors = vectors(&engine, 3, 2 * MIB);
        write(&tensors[0], 0, 0).unwrap();
        write(&tensors[1], 1, 0).unwrap();
        let error = write(&tensors[2], 2, 0).unwrap_err();
        assert!(error.to_string().contains(&useless.display().to_string()), "{error}");
        check(&tensors[0], 0, 0);
        check(&tensors[1], 1, 0);
    }
}

/// Says which directory the child below is to fill.
const FULL: &str = "STRATAL_TEST_FULL_DIRECTORY";

/// A file system that is really full: ENOSPC is known before a write starts, and nothing is lost.
#[test]
fn a_full_file_system_refuses_and_loses_nothing() {
    if let Ok(full) = std::env::var(FULL) {
        let engine =
            Engine::builder().policy(policy(Path::new(&full), "8 MiB", "5 s").unwrap()).build().unwrap();
        no_space(&engine);
        return;
    }
    let dir = directory();
    let script = format!(
        "mount -t tmpfs -o size=8m tmpfs {0} || exit 77; {FULL}={0} exec {1} --exact spill::a_full_file_system_refuses_and_loses_nothing --nocapture",
        dir.path().display(),
        std::env::current_exe().unwrap().display()
    );
    let child = Command::new("unshare").args(["-rm", "sh", "-c", &script]).output();
    match child {
        Ok(output) if output.status.success() => {}
        Ok(output)
            if output.status.code() == Some(77)
                || String::from_utf8_lossy(&output.stderr).contains("unshare") =>
        {
            println!(
                "SKIPPED: no mounts in a user namespace here: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(output) => {
            panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        }
        Err(error) => println!("SKIPPED: no unshare(1) here: {error}"),
    }
}

/// Several disks share the spilled bytes; one that is full is no reason to refuse, and all of them full is an error
/// that names them.
#[test]
fn disks_share_what_is_spilled() {
    let dirs = [directory(), directory(), directory()];
    let policy = Policy::builder()
        .tier("dram", TierKind::Dram, "8 MiB")
        .spill_disk(dirs[0].path(), "4 MiB")
        .spill_disk(dirs[1].path(), "12 MiB")
        .spill_disk(dirs[2].path(), "12 MiB")
        .deadline("5 s")
        .build()
        .unwrap();
    let engine = Engine::builder().policy(policy).build().unwrap();
    let tensors = vectors(&engine, 16, 2 * MIB);
    for round in 0..2 {
        tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, round).unwrap());
        tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, round));
    }
    let report = engine.report().to_string();
    assert!(dirs.iter().all(|dir| report.contains(&dir.path().display().to_string())), "{report}");
    let more = vectors(&engine, 8, 2 * MIB);
    let error =
        more.iter().enumerate().find_map(|(i, tensor)| write(tensor, i, 0).err()).expect("they are full");
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert!(dirs.iter().all(|dir| error.to_string().contains(&dir.path().display().to_string())), "{error}");
    drop(more);
    tensors.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, 1));
}

/// A writer that panics poisons that tensor alone; overwriting all of it makes it good again.
#[test]
fn a_torn_write_poisons_one_tensor_until_it_is_rewritten() {
    let dir = directory();
    let engine = engine(dir.path(), "16 MiB");
    let tensors = vectors(&engine, 2, 3 * MIB);
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 0).unwrap());
    let torn = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut lease = tensors[0].write().unwrap();
        lease.as_mut_slice()[0] = 99;
        panic!("in the middle of a write");
    }));
    assert!(torn.is_err());
    let error = tensors[0].read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Poisoned, "{error}");
    assert_eq!(error.fact("tensor"), Some("state.0"));
    check(&tensors[1], 1, 0);
    write(&tensors[0], 0, 1).unwrap();
    check(&tensors[0], 0, 1);
}

/// A torn tensor stays torn: neither a hint nor a lease of part of it, nor a pass that used it, turns it into zeros.
#[test]
fn a_torn_tensor_is_never_served_as_zeros() {
    let dir = directory();
    let engine = engine(dir.path(), "16 MiB");
    let tensors = vectors(&engine, 1, 5 * MIB);
    write(&tensors[0], 0, 0).unwrap();
    let torn = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _lease = tensors[0].write().unwrap();
        panic!("in the middle of a write");
    }));
    assert!(torn.is_err());
    tensors[0].prefetch();
    std::thread::sleep(std::time::Duration::from_millis(50));
    for error in [tensors[0].read().unwrap_err(), tensors[0].write_rows(0..100).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Poisoned, "{error}");
    }
    assert_eq!(tensors[0].read_rows(4 * MIB..5 * MIB).unwrap_err().kind(), ErrorKind::Poisoned);
    write(&tensors[0], 0, 1).unwrap();
    check(&tensors[0], 0, 1);
}

/// Room for one large lease out of many small dirty tensors: more spills than the driver carries wait their turn, and
/// no request pays for it.
#[test]
fn many_small_dirty_tensors_make_room_for_a_large_one() {
    let dir = directory();
    let engine = engine(dir.path(), "4 MiB");
    let small = vectors(&engine, 900, 4096);
    for round in 0..2 {
        small.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, round).unwrap());
        let large = vectors(&engine, 1, 3 * MIB);
        write(&large[0], 7, round).unwrap();
        check(&large[0], 7, round);
        small.iter().enumerate().for_each(|(i, tensor)| check(tensor, i, round));
    }
    assert_eq!(engine.counters().failed_transfers, 0);
}
