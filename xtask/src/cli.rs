//! The command line of `cargo xtask`.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;
use crate::{bench, build, check, docs, doctor, need, proof, release, step, tests};

/// The commands of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", infer_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks the format, and runs the linters and the quick tests; run it before each commit
    Check,
    /// Runs all tests, or only the named ones
    Test {
        /// Steps to run (default: all)
        #[arg(value_parser = step::name_parser(tests::STEPS))]
        names: Vec<String>,
        /// Number of steps that run at the same time
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
        lanes: u8,
    },
    /// Checks formats, spelling, wording, and shell scripts, and runs clippy with several sets of features
    Lint,
    /// Runs the named measurements, or the standard measurements if none is named
    Bench {
        #[arg(value_parser = step::name_parser(bench::STEPS))]
        names: Vec<String>,
        /// Shortens the runs, and uses a profile that builds fast
        #[arg(long)]
        quick: bool,
        /// Arguments for the measurement, after `--`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Runs proofs that take a long time: mutations, soak, reliability, and others
    Prove {
        #[arg(required = true, value_parser = step::name_parser(proof::STEPS))]
        names: Vec<String>,
        /// Arguments for the proof, after `--`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Builds the package of a language, or the dashboard
    Build {
        #[arg(required = true, value_parser = step::name_parser(build::STEPS))]
        names: Vec<String>,
    },
    /// Builds the documentation and the API references as a site in target/book
    Docs,
    /// Checks and packs everything that a release needs; publishes nothing
    Package {
        /// Parts of the release to package (default: all except sbom)
        #[arg(value_parser = step::name_parser(release::STEPS))]
        names: Vec<String>,
    },
    /// Writes the listing of the public API to core/public-api.txt
    PublicApi,
    /// Fetches the toolchains, servers, and packages that the tests need
    Fetch,
    /// Shows which programs are installed on this machine, and which steps need them
    Doctor,
    /// Removes cargo's builds and the downloads in .cache, but keeps costly downloads unless --all is given
    Clean {
        /// Removes all of .cache, including the costly downloads
        #[arg(long)]
        all: bool,
    },
}

impl Cli {
    pub(crate) fn run(self) -> Result<()> {
        let workspace = Workspace::new()?;
        match self.command {
            Command::Check => check::check(&workspace),
            Command::Lint => check::lint(&workspace),
            Command::Test { names, lanes } => tests::run(&workspace, &names, lanes),
            Command::Bench { names, quick, arguments } => {
                bench::run(&workspace.with_arguments(arguments, quick), &names)
            }
            Command::Prove { names, arguments } => {
                step::run_named(&workspace.with_arguments(arguments, false), proof::STEPS, &names)
            }
            Command::Build { names } => step::run_named(&workspace, build::STEPS, &names),
            Command::Docs => docs::build_site(&workspace),
            Command::Package { names } => release::package(&workspace, &names),
            Command::PublicApi => release::write_public_api(&workspace),
            Command::Fetch => need::fetch(&workspace),
            Command::Doctor => doctor::print_report(&workspace),
            Command::Clean { all } => build::clean(&workspace, all),
        }
    }
}
