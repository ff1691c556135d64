//! The pipeline: a project's rules decide about items.
//!
//! Keyword and regex rules are evaluated in the order of their priority, and the first match decides. Only without a
//! match are the `ai_prompt` rules asked. An item without any match is approved, without a rule's name. Rules are
//! compiled once per project and cached until they change.

mod ai;
mod author;
mod cache;
mod compilation;
mod context;
mod decision;
mod keys_in_flight;
mod keywords;
mod patterns;
mod pipeline;
mod pool;
mod review;
mod rule;
mod rule_set;
mod simulation;

pub use ai::AiOptions;
use author::author;
pub(crate) use context::Moderation;
use decision::{Decision, ModerationUpdate, Moderator};
pub(crate) use pipeline::{Moderated, Submission};
pub(crate) use rule::rule_update;
pub use rule::{Action, NewRule, RuleKind};
use rule_set::RuleSet;
