//! Follows AutoModerate projects: one line per event on stdout, one per change of state on stderr.

mod args;
mod exit;
mod follow;
mod print;

use std::process::ExitCode;

use clap::Parser;

use args::Args;
use exit::Outcome;
use print::Printer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Bad usage ends here with status 2.
    let args = Args::parse();
    let printer = Printer::new(args.json);
    let outcome = tokio::select! {
        // Biased, so that a signal which came first is not overtaken by an error that it caused.
        biased;
        () = exit::signal() => Outcome::Done,
        outcome = follow::follow(&args, printer) => outcome,
    };
    if let Outcome::Failed(error) = &outcome {
        printer.error(error);
    }
    outcome.into()
}
