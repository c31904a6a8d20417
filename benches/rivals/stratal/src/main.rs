//! The shared workload under stratal.

#[global_allocator]
static GLOBAL: stratal_runtime::Stratal = stratal_runtime::Stratal::new();

fn main() -> std::process::ExitCode {
    // The points of a program that frees a peak and waits are for one that asked for this; the others go without.
    if std::env::args().nth(1).is_some_and(|point| matches!(point.as_str(), "asleep" | "awake")) {
        GLOBAL.purge_in_background();
    }
    workload::main()
}
