//! Promise: the heap survives what processes live through: forks, signals, plug-ins, limits, refusals, and their end.

use std::path::Path;
use std::process::Command;
use std::{env, fs, process};

use crate::library::{compile, library, succeed, under};

/// Compiles and runs a program that ends by saying `<name> ok`.
fn lives(source: &str) {
    let Some(program) = compile(source, &[]) else { return };
    assert!(succeed(&mut under(&program, &[])).contains(" ok"), "{source}");
}

#[test]
fn three_hundred_forks_under_six_allocating_threads() {
    lives("forks.c");
}

#[test]
fn handlers_and_destructors_of_threads_and_process_allocate() {
    let Some(program) = compile("endings.c", &[]) else { return };
    let text = succeed(&mut under(&program, &[]));
    for part in ["threads ok", "exit handler ok", "destructor ok"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn signals_on_alternate_stacks_interrupt_the_allocator() {
    lives("signals.c");
}

#[test]
fn plug_ins_are_opened_and_closed_without_loss() {
    let flags = ["-shared", "-fPIC", "-Wl,--version-script=plugin.map"];
    let Some(plugin) = compile("plugin.cpp", &flags) else { return };
    let Some(program) = compile("plugins.c", &[]) else { return };
    assert!(succeed(under(&program, &[]).arg(plugin)).contains("plugins ok"));
}

#[test]
fn a_hundred_thousand_short_threads_leave_nothing_behind() {
    lives("short_threads.c");
}

#[test]
fn programs_are_started_by_vfork_and_posix_spawn() {
    lives("spawns.c");
}

#[test]
fn an_address_limit_set_before_the_start() {
    let Some(program) = compile("limits.c", &[]) else { return };
    for kib in ["100000", "300000", "1000000"] {
        let script = r#"ulimit -v "$0"; LD_PRELOAD="$2" exec "$1" before"#;
        let mut shell = Command::new("sh");
        shell.args(["-c", script, kib]).arg(&program).arg(library());
        assert!(succeed(&mut shell).contains("limits ok"), "{kib} KiB");
    }
}

#[test]
fn an_address_limit_set_while_running() {
    let Some(program) = compile("limits.c", &[]) else { return };
    assert!(succeed(under(&program, &[]).arg("while")).contains("limits ok"));
    let mut without_reservation = under(&program, &[]);
    without_reservation.arg("binding").env("STRATAL_RESERVE_GIB", "0");
    assert!(succeed(&mut without_reservation).contains("limits ok"));
}

#[test]
fn every_mapping_the_kernel_grants_is_used_up() {
    lives("mappings.c");
}

#[test]
fn every_memory_call_refused_once_and_for_good() {
    let Some(faults) = compile("faults.c", &["-shared", "-fPIC"]) else { return };
    let Some(program) = compile("refusals.c", &[]) else { return };
    let text = succeed(&mut under(&program, &[&faults]));
    assert!(text.contains("refusals ok"), "{text}");
    println!("{text}");
}

/// A memory limit of the kernel's own, which answers with SIGKILL and never with null.
#[test]
fn a_control_group_smaller_than_what_passes_through() {
    let Some(program) = compile("cgroup.c", &[]) else { return };
    let Some(group) = Group::new(160 << 20) else { return };
    let script = r#"echo $$ > "$0/cgroup.procs" && LD_PRELOAD="$2" exec "$1""#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(&group.0).arg(&program).arg(library());
    assert!(succeed(&mut shell).contains("cgroup ok"));
}

/// A control group that is removed with its owner.
struct Group(std::path::PathBuf);

impl Group {
    /// A group limited to `bytes`; `None`, and a line that says so, where this user may not make one.
    fn new(bytes: usize) -> Option<Self> {
        let version_1 = Path::new("/sys/fs/cgroup/memory");
        let (root, limit) = match version_1.is_dir() {
            true => (version_1, "memory.limit_in_bytes"),
            false => (Path::new("/sys/fs/cgroup"), "memory.max"),
        };
        let group = Self(root.join(format!("stratal-test-{}", process::id())));
        let made = fs::create_dir(&group.0).and_then(|()| fs::write(group.0.join(limit), bytes.to_string()));
        if let Err(error) = made {
            println!("SKIPPED: no control group with a memory limit: {error}");
            return None;
        }
        Some(group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The kernel needs a moment to bury the last process; a group that stays behind is empty.
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn the_loader_opens_the_library_at_run_time_too() {
    // Python loads it by name, behind its own allocator: its thread-local fits into the room that loaders keep.
    let python = "import ctypes, sys\n\
        library = ctypes.CDLL(sys.argv[1])\n\
        library.malloc.restype = library.realloc.restype = ctypes.c_void_p\n\
        library.malloc_usable_size.argtypes = library.free.argtypes = [ctypes.c_void_p]\n\
        library.realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]\n\
        block = library.realloc(library.malloc(100), 5000)\n\
        assert library.malloc_usable_size(block) >= 5000\n\
        library.free(block)\n\
        print('opened ok')";
    if !crate::library::is_installed("python3") {
        println!("SKIPPED: no python3 to open the library with");
        return;
    }
    let mut command = Command::new("python3");
    command.args(["-c", python]).arg(library()).env_remove("LD_PRELOAD");
    assert!(env::var_os("LD_PRELOAD").is_none(), "tests choose what is preloaded");
    assert!(succeed(&mut command).contains("opened ok"));
}
