//! The allocation workload under stratal, as `benches/rivals` have it under theirs: a program of its own, so that the
//! harness's size is in nobody's memory.

mod alloc;

#[global_allocator]
static GLOBAL: stratal::Stratal = stratal::Stratal::new();

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    println!("{:?}", alloc::measure(&arguments));
}
