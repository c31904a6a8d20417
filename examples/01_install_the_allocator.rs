//! One line installs the allocator; nothing else changes.
//!
//! `cargo run --example 01_install_the_allocator`

#[global_allocator]
static GLOBAL: stratal::Stratal = stratal::Stratal::new();

#[repr(align(64))]
struct CacheLine([u8; 64]);

fn main() {
    // Whatever the program allocates comes from the pool.
    let before = GLOBAL.stats();
    let numbers: Vec<u64> = (0..1_000_000).collect();
    assert!(GLOBAL.stats().large_bytes >= before.large_bytes + 8_000_000);
    drop(numbers);

    // An aligned block costs what any block costs: every alignment is met without padding tricks.
    let lines: Vec<Box<CacheLine>> = (0..100).map(|i| Box::new(CacheLine([i; 64]))).collect();
    assert!(lines.iter().all(|line| line.0.as_ptr().addr().is_multiple_of(64)));

    // What one thread allocates, another may free.
    let sum =
        std::thread::spawn(move || lines.iter().map(|line| usize::from(line.0[0])).sum::<usize>()).join();
    assert_eq!(sum.ok(), Some(99 * 100 / 2));

    // The memory of freed blocks goes back to the system by itself after a second, or now.
    GLOBAL.purge();
}
