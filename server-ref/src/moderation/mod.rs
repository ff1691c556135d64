//! The pipeline: what a project's rules say about a content.
//!
//! Keyword and regex rules are tried in the order of their priority, and the first that matches decides. Nothing matched:
//! approved, with no rule named. Rules are compiled once per project and kept until they change.

mod cache;
mod compiled;
mod outcome;
mod pipeline;
mod rule;

pub(crate) use cache::RuleCache;
use compiled::RuleSet;
use outcome::{Outcome, Update};
pub(crate) use pipeline::{Submission, moderate};
pub(crate) use rule::rule_update;
pub use rule::{Action, NewRule, RuleKind};
