//! A project's compiled rules, which decide about a text.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::decision::{Decision, RuleName};
use super::keywords::KeywordIndex;
use super::patterns::{GroupMatch, PatternGroup};
use super::rule::Action;
use super::simulation::Steps;

/// The most steps of a project's patterns with one text if no faster method works: about 50 ms.
const STEPS_MAX: Steps = Steps(4_000_000);

/// The same on a thread that serves other requests, and the time after which such a thread gives up.
const QUICK_STEPS_MAX: Steps = Steps(20_000);
const QUICK_TIME_MAX: Duration = Duration::from_millis(1);

/// A project's rules in the order of evaluation.
#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    pub(super) rules: Vec<RuleHead>,
    pub(super) exact: Option<KeywordIndex>,
    pub(super) folded: Option<KeywordIndex>,
    pub(super) groups: Vec<PatternGroup>,
    /// The index of the first rule beyond the project's limits, which is undecided for every text.
    pub(super) over_limit: Option<usize>,
    pub(super) prompts: Vec<Prompt>,
    recent_cost: RecentCost,
}

/// The data of a rule that needs no matching.
#[derive(Debug)]
pub(super) struct RuleHead {
    pub(super) name: RuleName,
    pub(super) action: Action,
}

/// The recent duration of matching a text: rises at once, and falls slowly. Unknown until the first match.
#[derive(Debug)]
struct RecentCost(AtomicU64);

impl Default for RecentCost {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

/// An `ai_prompt` rule.
#[derive(Debug, Clone)]
pub(super) struct Prompt {
    pub(super) name: RuleName,
    pub(super) action: Action,
    pub(super) text: String,
}

/// The progress of matching one text. One `advance` takes a bounded time.
#[derive(Debug)]
pub(super) struct MatchProgress {
    stage: usize,
    /// The first deciding rule found so far.
    found: Option<(usize, MatchReason)>,
    steps: Steps,
    took: Duration,
}

#[derive(Debug, Clone)]
enum MatchReason {
    Keyword(String),
    Pattern,
    OutOfSteps,
    OverLimit,
}

impl RecentCost {
    fn add(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let before = self.0.load(Ordering::Relaxed);
        let kept = if before == u64::MAX { 0 } else { before - before / 64 };
        self.0.store(took.max(kept), Ordering::Relaxed);
    }
}

impl MatchProgress {
    fn keep(&mut self, rule: usize, reason: MatchReason) {
        if self.found.as_ref().is_none_or(|(other, _)| rule < *other) {
            self.found = Some((rule, reason));
        }
    }
}

impl RuleSet {
    /// The first matching rule decides; `None`: the prompts do, if there are any.
    #[cfg(test)]
    pub(super) fn decide(&self, text: &str) -> Option<Decision> {
        let mut progress = self.start();
        while !self.advance(&mut progress, text) {}
        self.decision(progress)
    }

    /// The decision, if it takes only a short time, because a thread that serves other requests can't wait longer.
    pub(super) fn decide_quickly(&self, text: &str) -> Option<Option<Decision>> {
        let mut progress = MatchProgress { steps: QUICK_STEPS_MAX, ..self.start() };
        while !self.advance(&mut progress, text) {
            if progress.took > QUICK_TIME_MAX {
                return None;
            }
        }
        let undecided = matches!(progress.found, Some((_, MatchReason::OutOfSteps)));
        (!undecided).then(|| self.decision(progress))
    }

    pub(super) fn start(&self) -> MatchProgress {
        let found = self.over_limit.map(|rule| (rule, MatchReason::OverLimit));
        MatchProgress { stage: 0, found, steps: STEPS_MAX, took: Duration::ZERO }
    }

    /// One pass over the text: for keywords, or for one group of patterns. True once nothing is left to do.
    pub(super) fn advance(&self, progress: &mut MatchProgress, text: &str) -> bool {
        let started = Instant::now();
        let done = self.pass(progress, text);
        progress.took += started.elapsed();
        if done {
            self.recent_cost.add(progress.took);
        }
        done
    }

    /// The recent duration of matching a text.
    pub(super) fn recent_cost(&self) -> Duration {
        Duration::from_nanos(self.recent_cost.0.load(Ordering::Relaxed))
    }

    fn pass(&self, progress: &mut MatchProgress, text: &str) -> bool {
        let stage = progress.stage;
        progress.stage += 1;
        match stage {
            0 => {
                if let Some(found) = self.exact.as_ref().and_then(|index| index.find(text)) {
                    progress.keep(found.rule, MatchReason::Keyword(found.word.to_owned()));
                }
                if let Some(index) = &self.folded
                    && let Some(found) = index.find(&text.to_lowercase())
                {
                    progress.keep(found.rule, MatchReason::Keyword(found.word.to_owned()));
                }
                self.groups.is_empty()
            }
            _ => {
                let before = progress.found.as_ref().map_or(usize::MAX, |(rule, _)| *rule);
                let Some(group) = self.groups.get(stage - 1).filter(|group| group.first_rule() < before) else {
                    return true;
                };
                match group.find(text, before, &mut progress.steps) {
                    GroupMatch::None => stage == self.groups.len(),
                    GroupMatch::Rule(rule) => {
                        progress.keep(rule, MatchReason::Pattern);
                        true
                    }
                    GroupMatch::Undecided(rule) => {
                        progress.keep(rule, MatchReason::OutOfSteps);
                        true
                    }
                }
            }
        }
    }

    /// The decision, once nothing is left to do.
    pub(super) fn decision(&self, progress: MatchProgress) -> Option<Decision> {
        let (rule, reason) = progress.found?;
        let RuleHead { name, action } = self.rules.get(rule)?;
        Some(match reason {
            MatchReason::Keyword(word) => Decision::matched(name, *action, format!("Contains the keyword \"{word}\"")),
            MatchReason::Pattern => Decision::matched(name, *action, "Matches the pattern".to_owned()),
            MatchReason::OutOfSteps => {
                let reason =
                    "The text takes too much work to match with the pattern of this rule. A person has to decide";
                Decision::matched(name, Action::Flag, reason.to_owned())
            }
            MatchReason::OverLimit => {
                let reason = "The rules of the project exceed its limits from this rule on. A person has to decide";
                Decision::matched(name, Action::Flag, reason.to_owned())
            }
        })
    }

    /// The `ai_prompt` rules.
    pub(super) fn prompts(&self) -> &[Prompt] {
        &self.prompts
    }

    /// The most bytes that the set takes on the heap, about.
    pub(super) fn memory_usage(&self) -> usize {
        let heads: usize =
            self.rules.iter().map(|rule| size_of::<RuleHead>() + rule.name.id.len() + rule.name.name.len()).sum();
        let keywords: usize = self.exact.iter().chain(&self.folded).map(KeywordIndex::memory_usage).sum();
        let prompts: usize = self.prompts.iter().map(|prompt| size_of::<Prompt>() + prompt.text.len()).sum();
        heads + keywords + prompts + self.groups.iter().map(PatternGroup::memory_usage).sum::<usize>()
    }
}
