//! The `stratal` command: `doctor`, `inspect`, `run`. It decides nothing about memory; it asks the engine and measures.
#![forbid(unsafe_code)]

mod args;
mod directories;
mod disk;
mod doctor;
mod inspect;
mod output;
mod progress;
mod run;
mod units;

use args::{Cli, Command};
use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static GLOBAL: stratal::Stratal = stratal::Stratal::new();

/// 0 when all went well, 1 when it did not (clap itself exits with 2 on a bad command line).
fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Run(args) => run::run(&args),
        Command::Reference(args) => run::reference::serve(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stratal: {error}");
            ExitCode::FAILURE
        }
    }
}
