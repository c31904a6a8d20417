//! Promise: each function keeps its manual page: results, alignment, `errno`, refusals; `operator new` throws.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crate::library::{compile, said, succeed, under};

const SIGABRT: i32 = 6;

/// Functions of C, in the order that `c/contract.c` checks them.
const CASES: [&str; 14] = [
    "malloc",
    "calloc",
    "realloc",
    "reallocarray",
    "free",
    "aligned_alloc",
    "posix_memalign",
    "memalign",
    "valloc",
    "malloc_usable_size",
    "malloc_trim",
    "mallinfo",
    "mallopt",
    "other_names",
];

#[test]
fn every_function_keeps_its_manual_page() {
    let Some(program) = compile("contract.c", &[]) else { return };
    let text = succeed(under(&program, &[]).arg("stratal"));
    for case in CASES {
        assert!(text.contains(&format!("{case} ok")), "{case}: {text}");
    }
    assert!(text.contains("stratal: live "), "malloc_stats printed nothing: {text}");
}

/// The checks are the manual's and not this library's: the C library passes them as well.
#[test]
fn the_c_library_keeps_the_same_pages() {
    let Some(program) = compile("contract.c", &[]) else { return };
    assert!(succeed(&mut Command::new(program)).contains("other_names ok"));
}

#[test]
fn every_operator_allocates_frees_and_fails_as_the_standard_says() {
    let Some(program) = compile("operators.cpp", &[]) else { return };
    assert!(succeed(&mut under(&program, &[])).contains("operators ok"));
}

#[test]
fn operator_new_without_a_cxx_library_ends_with_one_line() {
    let Some(program) = compile("no_cxx.c", &[]) else { return };
    let output = under(&program, &[]).output().expect("the program starts");
    assert_eq!(output.status.signal(), Some(SIGABRT), "{}", said(&output));
    assert!(said(&output).contains("no C++ library to throw std::bad_alloc"), "{}", said(&output));
}

/// Freeing twice, or what is no block, ends the process with one line and never quietly.
#[test]
fn misuse_ends_with_one_line() {
    let Some(program) = compile("misuse.c", &[]) else { return };
    for misuse in ["twice", "middle", "foreign", "large twice", "large middle", "realloc", "usable"] {
        let output = under(&program, &[]).arg(misuse).output().expect("the program starts");
        assert_eq!(output.status.signal(), Some(SIGABRT), "{misuse}: {}", said(&output));
        assert!(said(&output).contains("stratal: heap corruption: "), "{misuse}: {}", said(&output));
    }
}
