//! Promise: the room is the least that the machine and the groups leave, in either version, and nonsense is no room.

use super::*;

fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

const MEMINFO: (&str, &str) =
    ("proc/meminfo", "MemTotal:  16384 kB\nMemFree: 1 kB\nMemAvailable:  8192 kB\n");
const PRESSURE: &str =
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=417\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n";

fn read(files: &[(&str, &str)]) -> Option<(u64, u64, u64)> {
    let root = root(files);
    let now = MemoryFiles::under(root.path()).read()?;
    Some((now.limit_bytes, now.room_bytes, now.stalled_us))
}

#[test]
fn the_machine_says_what_is_available() {
    assert_eq!(read(&[MEMINFO, ("proc/pressure/memory", PRESSURE)]), Some((16 << 20, 8 << 20, 417)));
    assert_eq!(read(&[("proc/meminfo", "MemTotal: lots\n")]), None);
}

#[test]
fn the_tightest_group_counts_and_idle_files_are_room() {
    let files = [
        MEMINFO,
        ("proc/self/cgroup", "0::/app/worker\n"),
        ("proc/pressure/memory", PRESSURE),
        ("sys/fs/cgroup/app/worker/memory.max", "max\n"),
        ("sys/fs/cgroup/app/worker/memory.current", "1048576\n"),
        ("sys/fs/cgroup/app/worker/memory.pressure", "some avg10=1.00 avg60=0.00 avg300=0.00 total=52\n"),
        ("sys/fs/cgroup/app/memory.max", "6291456\n"),
        ("sys/fs/cgroup/app/memory.high", "4194304\n"),
        ("sys/fs/cgroup/app/memory.current", "4194304\n"),
        ("sys/fs/cgroup/app/memory.stat", "anon 3145728\nfile 1048576\ninactive_file 1048576\n"),
    ];
    assert_eq!(read(&files), Some((4 << 20, 1 << 20, 52)));
}

#[test]
fn the_first_version_of_groups_counts_too() {
    let files = [
        MEMINFO,
        ("proc/self/cgroup", "4:memory:/app\n0::/\n"),
        ("sys/fs/cgroup/memory/app/memory.limit_in_bytes", "2097152\n"),
        ("sys/fs/cgroup/memory/app/memory.usage_in_bytes", "1572864\n"),
        ("sys/fs/cgroup/memory/app/memory.stat", "inactive_file 7\ntotal_inactive_file 524288\n"),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ("sys/fs/cgroup/memory/memory.usage_in_bytes", "99\n"),
    ];
    assert_eq!(read(&files), Some((2 << 20, 1 << 20, 0)));
}

/// This machine tells of itself, and a look is cheap: two in ten seconds may cost a millisecond together.
#[test]
fn this_machine_is_read_in_little_time() {
    let mut system = MemoryFiles::system();
    let Some(now) = system.read() else { return eprintln!("SKIPPED: this machine has no readable meminfo") };
    assert!(now.limit_bytes > 0 && now.room_bytes <= now.limit_bytes, "{now:?}");
    let look = |system: &mut MemoryFiles| {
        let since = std::time::Instant::now();
        assert!(system.read().is_some());
        since.elapsed()
    };
    let least = (0..50).map(|_| look(&mut system)).min().unwrap();
    assert!(least < Duration::from_micros(500), "{least:?}");
}
