//! Rival of suite `alloc`: the shared workload under mimalloc.

#[path = "../../../workload/alloc.rs"]
mod workload;

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    println!("{:?}", workload::measure(&arguments));
}
