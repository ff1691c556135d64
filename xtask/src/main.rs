//! The commands of this repository. The Makefile offers only the most common commands.

mod bench;
mod build;
mod check;
mod cli;
mod docs;
mod doctor;
mod lanes;
mod need;
mod proof;
mod release;
mod rust_tests;
mod step;
mod tests;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}
