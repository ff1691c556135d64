//! Follows AutoModerate projects. Prints one line per event to stdout, and one line per state change to stderr.

mod args;
mod exit;
mod follow;
mod print;
mod write;

use std::process::ExitCode;

use clap::Parser;

use args::Args;
use print::Printer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // If the arguments are invalid, the program exits here with status 2.
    let args = Args::parse();
    let printer = Printer::new(args.json);
    follow::follow(&args, printer).await.into()
}
