//! A step of a command; most steps can be named on the command line.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::need::{self, Environment, Need};
use crate::workspace::Workspace;

#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) run: fn(&Workspace, &Environment) -> Result<()>,
}

/// Returns a parser for step names. The help lists the names with their descriptions.
pub(crate) fn name_parser(steps: &'static [Step]) -> PossibleValuesParser {
    PossibleValuesParser::new(steps.iter().map(|step| PossibleValue::new(step.name).help(step.about)))
}

impl Step {
    /// Sets up the needs of the step, runs it unless a need is unavailable, and returns the duration.
    pub(crate) fn run(&self, workspace: &Workspace) -> Result<Duration> {
        let start = Instant::now();
        if let Some(environment) = need::set_up(workspace, self.name, self.needs)? {
            (self.run)(workspace, &environment).with_context(|| self.name)?;
        }
        Ok(start.elapsed())
    }
}

/// Runs the steps with these names, in this order.
pub(crate) fn run_named(workspace: &Workspace, steps: &[Step], names: &[String]) -> Result<()> {
    for name in names {
        let step = steps.iter().find(|step| step.name == *name).context("clap accepts only names of steps")?;
        step.run(workspace)?;
    }
    Ok(())
}
