//! Rival of suite `alloc`: the shared workload under system.

#[path = "../../../workload/alloc.rs"]
mod workload;

#[global_allocator]
static GLOBAL: std::alloc::System = std::alloc::System;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    println!("{:?}", workload::measure(&arguments));
}
