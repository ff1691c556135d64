//! Moderation of items according to the rules of their projects.
//!
//! Keyword and regex rules are evaluated in order of priority, and the first match decides. If none of them matches, the `ai_prompt` rules
//! are evaluated. An item that no rule matches is approved. A project's compiled rules are cached until the rules change, a change may
//! have been missed, or the cache needs room.

mod ai;
mod author;
mod batch;
mod batch_slots;
mod compilation;
mod decision;
mod fair_pool;
mod idempotency_locks;
mod keywords;
mod nfa_simulation;
mod patterns;
mod pipeline;
mod review;
mod rule;
mod rule_cache;
mod rule_set;
mod shared_state;
mod unicode_word_boundaries;

pub use ai::AiOptions;
use author::author_id;
pub(crate) use batch::BATCH_ITEMS_MAX;
use decision::{Decision, ModerationUpdateWithoutDecision, Moderator};
use idempotency_locks::IdempotencyGuard;
pub(crate) use pipeline::{ModeratedItem, Submission};
pub(crate) use rule::rule_update_event;
pub use rule::{Action, NewRule, RuleKind};
use rule_set::RuleSet;
pub(crate) use shared_state::Moderation;
