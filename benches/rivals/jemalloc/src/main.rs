//! Rival of suite `alloc`: the shared workload under jemalloc.

#[path = "../../../workload/alloc.rs"]
mod workload;

#[global_allocator]
static GLOBAL: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    println!("{:?}", workload::measure(&arguments));
}
