//! The pipeline: what a project's rules say about a content.
//!
//! Keyword and regex rules are tried in the order of their priority, and the first that matches decides. Only if none does, the
//! `ai_prompt` rules are asked. Nothing matched: approved, with no rule named. Rules are compiled once per project and kept until they change.

mod ai;
mod author;
mod cache;
mod compiled;
mod outcome;
mod pipeline;
mod review;
mod rule;

pub(crate) use ai::Ai;
pub use ai::AiOptions;
use author::author;
pub(crate) use cache::RuleCache;
use compiled::RuleSet;
pub(crate) use compiled::check as check_rule;
use outcome::{Moderator, Outcome, Update};
pub(crate) use pipeline::{Submission, moderate};
pub(crate) use review::review;
pub(crate) use rule::rule_update;
pub use rule::{Action, NewRule, RuleKind};
