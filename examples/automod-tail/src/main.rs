//! Follows AutoModerate projects: one line per event on stdout, and one per state change on stderr.

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
    // Bad usage ends here with status 2.
    let args = Args::parse();
    let printer = Printer::new(args.json);
    follow::follow(&args, printer).await.into()
}
