//! The shared workload under stratal.

#[global_allocator]
static GLOBAL: stratal_runtime::Stratal = stratal_runtime::Stratal::new();

fn main() -> std::process::ExitCode {
    workload::main()
}
