//! The compiled rules of a project, and the functions that match texts against them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::decision::{Decision, RuleLabel};
use super::keywords::KeywordIndex;
use super::nfa_simulation::StepBudget;
use super::patterns::{GroupMatch, PatternGroup};
use super::rule::Action;

/// Maximum number of steps for matching one text against those patterns of a project on which faster methods fail. This many steps take
/// about 50 ms.
const STEPS_MAX: StepBudget = StepBudget(4_000_000);
/// Maximum number of such steps on a thread that also serves other requests.
const INLINE_STEPS_MAX: StepBudget = StepBudget(20_000);
/// Time after which matching one text on a thread that also serves other requests is abandoned.
const INLINE_TIME_MAX: Duration = Duration::from_millis(1);

/// The compiled rules of a project, in the order of evaluation.
#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    pub(super) rules: Vec<RuleEffect>,
    pub(super) case_sensitive_keywords: Option<KeywordIndex>,
    pub(super) case_insensitive_keywords: Option<KeywordIndex>,
    pub(super) pattern_groups: Vec<PatternGroup>,
    /// The index of the first rule that exceeds a limit, either for a single rule or for the project. Texts that no earlier rule
    /// matches are flagged.
    pub(super) first_rule_over_limit: Option<usize>,
    pub(super) prompts: Vec<PromptRule>,
    recent_peak_time: RecentPeakTime,
}

/// The part of a rule that is needed once the rule has matched.
#[derive(Debug)]
pub(super) struct RuleEffect {
    pub(super) rule: RuleLabel,
    pub(super) action: Action,
}

/// The time that matching a text took recently, in nanoseconds. The value rises immediately and falls slowly. Before the first text is
/// matched, it is `u64::MAX`.
#[derive(Debug)]
struct RecentPeakTime(AtomicU64);

impl Default for RecentPeakTime {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

/// An `ai_prompt` rule.
#[derive(Debug, Clone)]
pub(super) struct PromptRule {
    pub(super) rule: RuleLabel,
    pub(super) action: Action,
    pub(super) text: String,
}

/// The progress of matching one text. Each call to [`RuleSet::advance`] takes a limited time.
#[derive(Debug)]
pub(super) struct MatchProgress {
    /// The stage that runs next: 0 for the keywords, and n for the n-th group of patterns.
    next_stage: usize,
    /// The index of the earliest rule found so far that determines the decision, and the reason why it does.
    first_match: Option<(usize, MatchReason)>,
    steps_left: StepBudget,
    elapsed: Duration,
}

#[derive(Debug, Clone)]
enum MatchReason {
    Keyword(String),
    Pattern,
    OutOfSteps,
    OverLimit,
}

impl RecentPeakTime {
    fn record(&self, elapsed: Duration) {
        let elapsed = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let before = self.0.load(Ordering::Relaxed);
        let decayed = if before == u64::MAX { 0 } else { before - before / 64 };
        self.0.store(elapsed.max(decayed), Ordering::Relaxed);
    }
}

impl MatchProgress {
    fn record_match_if_earliest(&mut self, rule: usize, reason: MatchReason) {
        if self.first_match.as_ref().is_none_or(|(first, _)| rule < *first) {
            self.first_match = Some((rule, reason));
        }
    }
}

impl RuleSet {
    /// Returns the decision of the first matching rule, or `None` if no rule matches.
    #[cfg(test)]
    pub(super) fn decide(&self, text: &str) -> Option<Decision> {
        let mut progress = self.start_matching();
        while !self.advance(&mut progress, text) {}
        self.decision(progress)
    }

    /// Matches a text on a thread that also serves other requests.
    ///
    /// Returns `None` if matching would block the thread for too long. Otherwise, returns the result of [`RuleSet::decision`].
    pub(super) fn try_decide_inline(&self, text: &str) -> Option<Option<Decision>> {
        let mut progress = MatchProgress { steps_left: INLINE_STEPS_MAX, ..self.start_matching() };
        while !self.advance(&mut progress, text) {
            if progress.elapsed > INLINE_TIME_MAX {
                return None;
            }
        }
        let is_undecided = matches!(progress.first_match, Some((_, MatchReason::OutOfSteps)));
        (!is_undecided).then(|| self.decision(progress))
    }

    pub(super) fn start_matching(&self) -> MatchProgress {
        let first_match = self.first_rule_over_limit.map(|rule| (rule, MatchReason::OverLimit));
        MatchProgress { next_stage: 0, first_match, steps_left: STEPS_MAX, elapsed: Duration::ZERO }
    }

    /// Matches the text against either the keywords or one group of patterns. Returns true once matching is complete.
    pub(super) fn advance(&self, progress: &mut MatchProgress, text: &str) -> bool {
        let started = Instant::now();
        let is_complete = self.run_stage(progress, text);
        progress.elapsed += started.elapsed();
        if is_complete {
            self.recent_peak_time.record(progress.elapsed);
        }
        is_complete
    }

    /// Returns the time that matching a text took recently. The value rises immediately and falls slowly. Before the first text is matched,
    /// it is very large.
    pub(super) fn recent_peak_time(&self) -> Duration {
        Duration::from_nanos(self.recent_peak_time.0.load(Ordering::Relaxed))
    }

    fn run_stage(&self, progress: &mut MatchProgress, text: &str) -> bool {
        let stage = progress.next_stage;
        progress.next_stage += 1;
        match stage {
            0 => {
                if let Some(found) = self.case_sensitive_keywords.as_ref().and_then(|index| index.find(text)) {
                    progress.record_match_if_earliest(found.rule_index, MatchReason::Keyword(found.word.to_owned()));
                }
                if let Some(index) = &self.case_insensitive_keywords
                    && let Some(found) = index.find(&text.to_lowercase())
                {
                    progress.record_match_if_earliest(found.rule_index, MatchReason::Keyword(found.word.to_owned()));
                }
                self.pattern_groups.is_empty()
            }
            _ => {
                let before = progress.first_match.as_ref().map_or(usize::MAX, |(rule, _)| *rule);
                let Some(group) = self.pattern_groups.get(stage - 1).filter(|group| group.first_rule_index() < before)
                else {
                    return true;
                };
                match group.find(text, before, &mut progress.steps_left) {
                    GroupMatch::None => stage == self.pattern_groups.len(),
                    GroupMatch::Rule(rule) => {
                        progress.record_match_if_earliest(rule, MatchReason::Pattern);
                        true
                    }
                    GroupMatch::Undecided(rule) => {
                        progress.record_match_if_earliest(rule, MatchReason::OutOfSteps);
                        true
                    }
                }
            }
        }
    }

    /// Returns the decision, or `None` if no rule matched. Must not be called before matching is complete.
    pub(super) fn decision(&self, progress: MatchProgress) -> Option<Decision> {
        let (index, reason) = progress.first_match?;
        let RuleEffect { rule, action } = self.rules.get(index)?;
        Some(match reason {
            MatchReason::Keyword(word) => Decision::matched(rule, *action, format!("Contains the keyword \"{word}\"")),
            MatchReason::Pattern => Decision::matched(rule, *action, "Matches the pattern".to_owned()),
            MatchReason::OutOfSteps => {
                let reason =
                    "Matching the text with the pattern of this rule takes too much work. A person must decide";
                Decision::matched(rule, Action::Flag, reason.to_owned())
            }
            MatchReason::OverLimit => {
                let reason = "From this rule on, the rules of the project exceed its limits. A person must decide";
                Decision::matched(rule, Action::Flag, reason.to_owned())
            }
        })
    }

    /// Returns the `ai_prompt` rules.
    pub(super) fn prompts(&self) -> &[PromptRule] {
        &self.prompts
    }

    /// Returns the approximate memory use of the set in bytes, assuming that the caches of its lazy DFAs are full.
    pub(super) fn memory_usage(&self) -> usize {
        let effect_bytes =
            |effect: &RuleEffect| size_of::<RuleEffect>() + effect.rule.id.len() + effect.rule.name.len();
        let rules: usize = self.rules.iter().map(effect_bytes).sum();
        let keyword_indices = self.case_sensitive_keywords.iter().chain(&self.case_insensitive_keywords);
        let keywords: usize = keyword_indices.map(KeywordIndex::memory_usage).sum();
        let prompts: usize = self.prompts.iter().map(|prompt| size_of::<PromptRule>() + prompt.text.len()).sum();
        rules + keywords + prompts + self.pattern_groups.iter().map(PatternGroup::memory_usage).sum::<usize>()
    }
}
