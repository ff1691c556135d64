//! The command line.

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
    /// Format, lints, and the quick tests: run it before each commit
    Check,
    /// All tests, or the named ones
    Test {
        /// Steps to run; all if absent
        #[arg(value_parser = step::names(tests::STEPS))]
        names: Vec<String>,
        /// Number of steps that run at the same time
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
        lanes: u8,
    },
    /// Formats, clippy with several sets of features, spelling, words to avoid, shell scripts
    Lint,
    /// Measurements against other implementations; the standard ones if no name is given
    Bench {
        #[arg(value_parser = step::names(bench::STEPS))]
        names: Vec<String>,
        /// Short runs of a build that is quick to make
        #[arg(long)]
        quick: bool,
        /// Arguments for the measurement, after `--`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Long proofs: mutations, soak, reliability, and others
    Prove {
        #[arg(required = true, value_parser = step::names(proof::STEPS))]
        names: Vec<String>,
        /// Arguments for the proof, after `--`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Builds a package for its language
    Build {
        #[arg(required = true, value_parser = step::names(build::STEPS))]
        names: Vec<String>,
    },
    /// The documentation and the API references as a site, in target/book
    Docs,
    /// Packs all packages and tries them in empty places; publishes nothing
    Package {
        /// Parts of it; all if absent
        #[arg(value_parser = step::names(release::STEPS))]
        names: Vec<String>,
    },
    /// Writes core/public-api.txt, the listing of the public API
    PublicApi,
    /// Fetches toolchains, servers and packages that the tests need
    Fetch,
    /// Lists the programs that this machine has, and the tests that need each
    Doctor,
    /// Removes all builds; keeps downloads that are costly, unless --all
    Clean {
        /// Also .cache: toolchains, browsers and packages
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
            Command::Docs => docs::site(&workspace),
            Command::Package { names } => release::package(&workspace, &names),
            Command::PublicApi => release::write_public_api(&workspace),
            Command::Fetch => need::fetch(&workspace),
            Command::Doctor => doctor::report(&workspace),
            Command::Clean { all } => build::clean(&workspace, all),
        }
    }
}
