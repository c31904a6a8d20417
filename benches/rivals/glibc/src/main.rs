//! The shared workload under the C library's malloc.

#[global_allocator]
static GLOBAL: std::alloc::System = std::alloc::System;

fn main() -> std::process::ExitCode {
    workload::main()
}
