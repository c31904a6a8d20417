//! The shared workload under mimalloc 3, the crate's default.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    workload::main()
}
