//! Promise: what was persisted is there after the engine, the process or the power has gone, as it was acknowledged;
//! what was not is not, and its space is free.

use crate::world::directory;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use stratal::tiering::policy::PolicyBuilder;
use stratal::{Codec, Dyn, Engine, ErrorKind, Policy, Tensor, TierKind};

type Words = Tensor<u32, (Dyn,)>;

/// 3 MiB: two chunks, the second one short.
const LEN: usize = 3 << 18;

fn words(dir: &Path) -> PolicyBuilder {
    Policy::builder()
        .tier("dram", TierKind::Dram, "8 MiB")
        .spill_directory(dir)
        .spill_store("state")
        .deadline("10 s")
}

fn open(dir: &Path) -> stratal::Result<Engine> {
    Engine::builder().policy(words(dir).build().unwrap()).build()
}

fn word(i: usize, version: u32, at: usize) -> u32 {
    (at as u32 + i as u32 * 7919).wrapping_mul(0x9e37_79b1) ^ version
}

fn write(tensor: &Words, i: usize, version: u32) {
    let mut lease = tensor.write().unwrap();
    lease.as_mut_slice().iter_mut().enumerate().for_each(|(at, found)| *found = word(i, version, at));
}

/// The version that all words of the tensor agree on.
fn version(tensor: &Words, i: usize) -> u32 {
    let lease = tensor.read().unwrap();
    let version = lease[0] ^ word(i, 0, 0);
    let torn = lease.iter().enumerate().find(|(at, found)| **found != word(i, version, *at));
    assert_eq!(torn, None, "{} is of more than one version", tensor.name());
    version
}

fn tensors(engine: &Engine, count: usize) -> Vec<Words> {
    (0..count).map(|i| engine.zeros(&format!("t.{i}"), [LEN]).unwrap()).collect()
}

/// Persisted tensors come back bit for bit, whatever was written to them afterwards; others do not, and the space of all
/// but the persisted is free.
#[test]
fn persisted_tensors_survive_the_engine() {
    let dir = directory();
    for codec in [Codec::Raw, Codec::Lossless] {
        let engine =
            Engine::builder().policy(words(dir.path()).codec(codec).build().unwrap()).build().unwrap();
        let tensors = tensors(&engine, 8);
        tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 1));
        tensors[..5].iter().for_each(|tensor| engine.persist(tensor.as_any()).unwrap());
        tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 2));
        engine.persist(tensors[0].as_any()).unwrap();
        tensors.iter().enumerate().for_each(|(i, tensor)| assert_eq!(version(tensor, i), 2));
        assert!(engine.remove_stored("t.4").unwrap() && !engine.remove_stored("t.4").unwrap());
        drop((tensors, engine));

        let engine = open(dir.path()).unwrap();
        let stored = engine.stored().unwrap();
        let names: Vec<_> = stored.iter().map(|stored| stored.name.as_str()).collect();
        assert_eq!(names, ["t.0", "t.1", "t.2", "t.3"]);
        let bytes: u64 = stored.iter().map(|stored| stored.stored_bytes).sum();
        assert_eq!(engine.report().spilled_bytes, bytes, "everything else is free");
        for i in 0..4 {
            let tensor = engine.open_tensor::<u32, (Dyn,)>(&format!("t.{i}")).unwrap();
            assert_eq!(version(&tensor, i), if i == 0 { 2 } else { 1 });
            write(&tensor, i, 3);
            assert_eq!(version(&tensor, i), 3);
        }
        let error = engine.open_tensor::<u32, (Dyn,)>("t.5").unwrap_err();
        assert_eq!((error.kind(), error.fact("tensor")), (ErrorKind::Missing, Some("t.5")));
        assert_eq!(engine.open_tensor::<f32, (Dyn,)>("t.1").unwrap_err().kind(), ErrorKind::Dtype);
    }
}

/// Space of what was replaced or removed is used again: persisting for ever needs no more.
#[test]
fn space_is_reclaimed() {
    let dir = directory();
    let engine = open(dir.path()).unwrap();
    let tensors = tensors(&engine, 2);
    for round in 0..12 {
        tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, round));
        tensors.iter().for_each(|tensor| engine.persist(tensor.as_any()).unwrap());
        assert!(engine.report().spilled_bytes <= 2 * 2 * 4 * LEN as u64, "{}", engine.report());
    }
    drop(tensors);
    let opened = engine.open_tensor::<u32, (Dyn,)>("t.1").unwrap();
    assert_eq!(version(&opened, 1), 11, "a dropped tensor stays in the store");
    drop(opened);
    for name in ["t.0", "t.1"] {
        engine.remove_stored(name).unwrap();
    }
    let patience = std::time::Instant::now();
    while engine.report().spilled_bytes > 0 {
        assert!(patience.elapsed().as_secs() < 20, "{}", engine.report());
        std::thread::yield_now();
    }
}

/// A tensor nobody has written is persisted as zeros; threads that persist at once all succeed.
#[test]
fn threads_persist_together() {
    let dir = directory();
    let engine = open(dir.path()).unwrap();
    std::thread::scope(|scope| {
        for i in 0..6 {
            let engine = &engine;
            scope.spawn(move || {
                let tensor: Words = engine.zeros(&format!("t.{i}"), [10_000]).unwrap();
                for round in 1..8 {
                    write(&tensor, i, round);
                    engine.persist(tensor.as_any()).unwrap();
                }
            });
        }
    });
    engine.persist(engine.zeros::<u32, (Dyn,)>("fresh", [LEN]).unwrap().as_any()).unwrap();
    drop(engine);
    let engine = open(dir.path()).unwrap();
    for i in 0..6 {
        assert_eq!(version(&engine.open_tensor(&format!("t.{i}")).unwrap(), i), 7);
    }
    let fresh = engine.open_tensor::<u32, (Dyn,)>("fresh").unwrap();
    assert!(fresh.read().unwrap().iter().all(|word| *word == 0));
}

/// A store is open once: another engine, here or in another process, is refused by name until the first has gone.
#[test]
fn a_store_is_opened_once() {
    let dir = directory();
    let engine = open(dir.path()).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert_eq!((error.kind(), error.fact("store")), (ErrorKind::Conflict, Some("state")), "{error}");
    let child = child(dir.path(), "conflict").output().unwrap();
    assert!(String::from_utf8_lossy(&child.stdout).contains("refused: lease conflict"), "{child:?}");
    drop(engine);
    open(dir.path()).unwrap();
}

/// Without a named store there is nothing to persist to, and the error says what to do.
#[test]
fn an_unnamed_store_persists_nothing() {
    let dir = directory();
    let engine = crate::world::engine(dir.path(), "8 MiB");
    let tensor: Words = engine.zeros("t", [10]).unwrap();
    let error = engine.persist(tensor.as_any()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("spill.store"), "{error}");
}

/// Bytes damaged between two lives are a typed error of that tensor alone.
#[test]
fn damage_between_two_lives_is_noticed() {
    let dir = directory();
    let engine = open(dir.path()).unwrap();
    let tensors = tensors(&engine, 3);
    tensors.iter().enumerate().for_each(|(i, tensor)| write(tensor, i, 1));
    tensors.iter().for_each(|tensor| engine.persist(tensor.as_any()).unwrap());
    drop((tensors, engine));
    let path = dir.path().join("state.0.data");
    let mut bytes = std::fs::read(&path).unwrap();
    let first = word(1, 1, 0).to_le_bytes();
    let at = (0..bytes.len()).step_by(4096).find(|at| bytes[*at..].starts_with(&first)).unwrap();
    bytes[at + 1000] ^= 8;
    std::fs::write(&path, bytes).unwrap();
    let engine = open(dir.path()).unwrap();
    let error = engine.open_tensor::<u32, (Dyn,)>("t.1").unwrap().read().unwrap_err();
    assert_eq!((error.kind(), error.fact("tensor")), (ErrorKind::Corrupt, Some("t.1")), "{error}");
    assert_eq!(version(&engine.open_tensor("t.0").unwrap(), 0), 1);
    drop(engine);
    let index = dir.path().join("state.index");
    let mut bytes = std::fs::read(&index).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&index, bytes).unwrap();
    assert_eq!(open(dir.path()).unwrap_err().kind(), ErrorKind::Format);
}

/// Says what a child is to do, and where.
const TASK: &str = "STRATAL_TEST_PERSIST";
const STORE: &str = "STRATAL_TEST_PERSIST_STORE";
const STEPS: &str = "STRATAL_TEST_PERSIST_STEPS";

fn child(dir: &Path, task: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "persist::a_child", "--nocapture"]);
    command.env(TASK, task).env(STORE, dir).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// The child of the tests above and below: persists version after version and says which are safe, or says that it was
/// refused.
#[test]
fn a_child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let dir = std::path::PathBuf::from(std::env::var(STORE).unwrap());
    let engine = match open(&dir) {
        Ok(engine) => engine,
        Err(error) => return println!("\nrefused: {error}"),
    };
    let tensors: Vec<Words> = (0..3)
        .map(|i| {
            engine.open_tensor(&format!("t.{i}")).or_else(|_| engine.zeros(&format!("t.{i}"), [LEN])).unwrap()
        })
        .collect();
    let start: u32 = task.parse().unwrap();
    let steps = std::env::var(STEPS).map_or(60, |steps| steps.parse().unwrap());
    for step in start..start + steps {
        let i = step as usize % 3;
        write(&tensors[i], i, step);
        engine.persist(tensors[i].as_any()).unwrap();
        println!("\nsafe {i} {step}");
    }
}

/// Lets a child say what is safe until it ends or has said so `count` times and is killed.
fn run(command: &mut Command, count: usize, safe: &mut [u32; 3]) {
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = lines.map_while(Result::ok).filter_map(|line| {
        let mut words = line.strip_prefix("safe ")?.split(' ').map(|word| word.parse::<u32>().ok());
        Some((words.next()??, words.next()??))
    });
    for (i, step) in said.take(count) {
        safe[i as usize] = step;
    }
    let _ = child.kill();
    child.wait().unwrap();
}

/// After a kill every tensor is whole, and as old as its last acknowledgement at most.
fn judge(dir: &Path, safe: &[u32; 3], last: u32) {
    let engine = open(dir).unwrap();
    for (i, safe) in safe.iter().enumerate().filter(|(_, safe)| **safe > 0) {
        let found = version(&engine.open_tensor(&format!("t.{i}")).unwrap(), i);
        assert!((*safe..=last).contains(&found), "t.{i} is version {found}, {safe} was acknowledged");
    }
    let bytes: u64 = engine.stored().unwrap().iter().map(|stored| stored.stored_bytes).sum();
    assert_eq!(engine.report().spilled_bytes, bytes, "what was not acknowledged is free");
}

/// SIGKILL after any acknowledgement, while the next version is on its way.
#[test]
fn a_killed_process_loses_nothing_acknowledged() {
    let dir = directory();
    let mut safe = [0; 3];
    for round in 0..8 {
        let start = 1 + round * 100;
        run(&mut child(dir.path(), &start.to_string()), 1 + round as usize % 5, &mut safe);
        judge(dir.path(), &safe, start + 60);
    }
    assert!(safe.iter().all(|safe| *safe > 700), "the children said so little: {safe:?}");
}

/// SIGKILL at each step of persisting: before the data are safe, before, in and after the index's write.
#[test]
fn a_process_killed_at_any_step_loses_nothing_acknowledged() {
    if !Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success()) {
        return println!("SKIPPED: no strace(1) here");
    }
    let dir = directory();
    let mut safe = [0; 3];
    let calls = ["fdatasync", "pwrite64", "rename", "fsync", "openat"];
    for (round, (call, when)) in calls.iter().flat_map(|call| [1, 2, 4].map(|when| (call, when))).enumerate()
    {
        let start = 1 + round as u32 * 100;
        let plain = child(dir.path(), &start.to_string());
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
        // Files are opened long before: the later calls are those of the store.
        let when = if *call == "openat" { when * 12 } else { when };
        command.args(["-e", &format!("inject={call}:signal=SIGKILL:when={when}")]);
        command.arg(plain.get_program()).args(plain.get_args());
        command.env(TASK, start.to_string()).env(STORE, dir.path()).env(STEPS, "5");
        // It ends by itself: a tracer that is killed would leave it running.
        run(command.stdout(Stdio::piped()).stderr(Stdio::null()), usize::MAX, &mut safe);
        judge(dir.path(), &safe, start + 60);
    }
    assert!(safe.iter().any(|safe| *safe > 100), "the children said nothing");
}
