//! A project's rules, compiled: what decides about a text.

use std::iter::Peekable;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::vec::IntoIter;

use super::keywords::{KeywordIndex, KeywordIndexBuilder};
use super::outcome::{Outcome, RuleName};
use super::patterns::{GroupMatch, Pattern, PatternGroup};
use super::rule::{Action, RuleKind};
use super::simulation::Steps;
use crate::Error;
use crate::store::StoredRule;

/// Bytes of a question to a model.
const PROMPT_BYTES_MAX: usize = 16 * 1024;
/// Bytes of one keyword, and of all keywords of one rule.
const KEYWORD_BYTES_MAX: usize = 1024;
const RULE_KEYWORD_BYTES_MAX: usize = 128 * 1024;
/// What the active rules of one project may hold together: bytes of keywords, and of compiled patterns.
const PROJECT_KEYWORD_BYTES_MAX: usize = 512 * 1024;
const PROJECT_PATTERN_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Steps that the patterns of a project may take with one text where nothing faster can follow them: some 50 ms.
const STEPS_MAX: Steps = Steps(4_000_000);

/// The same on a thread that serves others, and the time after which such a thread gives up.
const QUICK_STEPS_MAX: Steps = Steps(20_000);
const QUICK_TIME_MAX: Duration = Duration::from_millis(1);

/// A project's rules in the order in which they are tried.
#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    rules: Vec<RuleHead>,
    exact: Option<KeywordIndex>,
    folded: Option<KeywordIndex>,
    groups: Vec<PatternGroup>,
    /// The index of the first rule for which the project's limits have no room. It is undecided for every text.
    over_limit: Option<usize>,
    prompts: Vec<Prompt>,
    recent_cost: RecentCost,
}

/// What is known of a rule without matching it.
#[derive(Debug)]
struct RuleHead {
    name: RuleName,
    action: Action,
}

/// What the match of a text took of late: rises at once, and falls slowly. Unknown until the first match.
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

/// How far the match of one text has come. One `advance` takes a bounded time.
#[derive(Debug)]
pub(super) struct Progress {
    stage: usize,
    /// The first rule that decides, as far as is known.
    found: Option<(usize, Reason)>,
    steps: Steps,
    took: Duration,
}

#[derive(Debug, Clone)]
enum Reason {
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

impl Progress {
    fn keep(&mut self, rule: usize, reason: Reason) {
        if self.found.as_ref().is_none_or(|(other, _)| rule < *other) {
            self.found = Some((rule, reason));
        }
    }
}

impl RuleSet {
    /// Rules in the order in which they are to be tried.
    #[cfg(test)]
    fn compile(rules: Vec<StoredRule>) -> Self {
        let mut compilation = Compilation::new(rules);
        loop {
            if let Some(set) = compilation.advance() {
                return set;
            }
        }
    }

    /// The first rule that matches decides; `None`: the prompts do, if there are any.
    #[cfg(test)]
    fn decide(&self, text: &str) -> Option<Outcome> {
        let mut progress = self.start();
        while !self.advance(&mut progress, text) {}
        self.outcome(progress)
    }

    /// The decision, if it takes a short time only: a thread that serves others can't wait longer.
    pub(super) fn decide_quickly(&self, text: &str) -> Option<Option<Outcome>> {
        let mut progress = Progress { steps: QUICK_STEPS_MAX, ..self.start() };
        while !self.advance(&mut progress, text) {
            if progress.took > QUICK_TIME_MAX {
                return None;
            }
        }
        let undecided = matches!(progress.found, Some((_, Reason::OutOfSteps)));
        (!undecided).then(|| self.outcome(progress))
    }

    pub(super) fn start(&self) -> Progress {
        let found = self.over_limit.map(|rule| (rule, Reason::OverLimit));
        Progress { stage: 0, found, steps: STEPS_MAX, took: Duration::ZERO }
    }

    /// One pass over the text: for keywords, or for one group of patterns. True when nothing is left to do.
    pub(super) fn advance(&self, progress: &mut Progress, text: &str) -> bool {
        let started = Instant::now();
        let done = self.pass(progress, text);
        progress.took += started.elapsed();
        if done {
            self.recent_cost.add(progress.took);
        }
        done
    }

    /// What the match of a text took of late.
    pub(super) fn recent_cost(&self) -> Duration {
        Duration::from_nanos(self.recent_cost.0.load(Ordering::Relaxed))
    }

    fn pass(&self, progress: &mut Progress, text: &str) -> bool {
        let stage = progress.stage;
        progress.stage += 1;
        match stage {
            0 => {
                if let Some(found) = self.exact.as_ref().and_then(|index| index.find(text)) {
                    progress.keep(found.rule, Reason::Keyword(found.word.to_owned()));
                }
                if let Some(index) = &self.folded
                    && let Some(found) = index.find(&text.to_lowercase())
                {
                    progress.keep(found.rule, Reason::Keyword(found.word.to_owned()));
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
                        progress.keep(rule, Reason::Pattern);
                        true
                    }
                    GroupMatch::Undecided(rule) => {
                        progress.keep(rule, Reason::OutOfSteps);
                        true
                    }
                }
            }
        }
    }

    /// The decision, once nothing is left to do.
    pub(super) fn outcome(&self, progress: Progress) -> Option<Outcome> {
        let (rule, reason) = progress.found?;
        let RuleHead { name, action } = self.rules.get(rule)?;
        Some(match reason {
            Reason::Keyword(word) => Outcome::matched(name, *action, format!("Contains the keyword \"{word}\"")),
            Reason::Pattern => Outcome::matched(name, *action, "Matches the pattern".to_owned()),
            Reason::OutOfSteps => {
                let reason =
                    "The text takes too much work to match with the pattern of this rule. A person has to decide";
                Outcome::matched(name, Action::Flag, reason.to_owned())
            }
            Reason::OverLimit => {
                let reason = "The rules of the project exceed its limits from this rule on. A person has to decide";
                Outcome::matched(name, Action::Flag, reason.to_owned())
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

/// A rule set that is being compiled, some rules at a time.
#[derive(Debug)]
pub(super) struct Compilation {
    stored: IntoIter<StoredRule>,
    patterns: Vec<Pattern>,
    grouping: Option<Peekable<IntoIter<Pattern>>>,
    exact: KeywordIndexBuilder,
    folded: KeywordIndexBuilder,
    keyword_bytes: usize,
    pattern_bytes: usize,
    set: RuleSet,
}

impl Compilation {
    /// Of rules in the order in which they are to be tried.
    pub(super) fn new(stored: Vec<StoredRule>) -> Self {
        Self {
            stored: stored.into_iter(),
            patterns: Vec::new(),
            grouping: None,
            exact: KeywordIndexBuilder::default(),
            folded: KeywordIndexBuilder::default(),
            keyword_bytes: 0,
            pattern_bytes: 0,
            set: RuleSet::default(),
        }
    }

    /// Compiles the next rule, the keywords, or the next group of patterns; the set, when it is complete.
    pub(super) fn advance(&mut self) -> Option<RuleSet> {
        if let Some(rule) = self.stored.next() {
            // One that can't be compiled is left out: it must not stop the others.
            if let Err(error) = self.add(&rule) {
                tracing::warn!(rule = rule.id, %error, "a stored rule is skipped");
            }
            return None;
        }
        if let Some(patterns) = &mut self.grouping {
            return match PatternGroup::take(patterns) {
                Ok(Some(group)) => {
                    self.set.groups.push(group);
                    None
                }
                Ok(None) => Some(std::mem::take(&mut self.set)),
                Err(error) => self.give_up(&error),
            };
        }
        self.grouping = Some(std::mem::take(&mut self.patterns).into_iter().peekable());
        let exact = std::mem::take(&mut self.exact).build();
        let folded = std::mem::take(&mut self.folded).build();
        match exact.and_then(|exact| Ok((exact, folded?))) {
            Ok(indices) => (self.set.exact, self.set.folded) = indices,
            Err(error) => return self.give_up(&error),
        }
        None
    }

    /// Rules that compile one by one compile together. If they did not, a person would have to decide everything.
    fn give_up(&mut self, error: &Error) -> Option<RuleSet> {
        tracing::error!(%error, "rules could not be compiled together");
        self.set.over_limit = Some(0);
        Some(std::mem::take(&mut self.set))
    }

    fn add(&mut self, rule: &StoredRule) -> Result<(), Error> {
        let head = RuleHead { name: RuleName::of(rule), action: action(rule)? };
        let index = self.set.rules.len();
        match kind(rule)? {
            RuleKind::Keyword { keywords, case_sensitive } => {
                self.keyword_bytes += keyword_bytes(&keywords);
                if self.keyword_bytes <= PROJECT_KEYWORD_BYTES_MAX {
                    for word in keywords.into_iter().filter(|word| !word.is_empty()) {
                        if case_sensitive {
                            self.exact.push(index, word.clone(), word);
                        } else {
                            self.folded.push(index, word.to_lowercase(), word);
                        }
                    }
                }
            }
            RuleKind::Regex { pattern, flags } => {
                let pattern = Pattern::new(index, &pattern, &flags)?;
                self.pattern_bytes += pattern.memory_usage();
                if self.pattern_bytes <= PROJECT_PATTERN_BYTES_MAX {
                    self.patterns.push(pattern);
                }
            }
            RuleKind::AiPrompt { prompt } => {
                let text = prompt.trim().to_owned();
                self.set.prompts.push(Prompt { name: head.name, action: head.action, text });
                return Ok(());
            }
        }
        self.set.rules.push(head);
        if self.keyword_bytes > PROJECT_KEYWORD_BYTES_MAX || self.pattern_bytes > PROJECT_PATTERN_BYTES_MAX {
            tracing::warn!(
                rule = rule.id,
                "the rules of a project exceed its limits: what they would decide is flagged"
            );
            self.set.over_limit = Some(index);
            // Rules that are tried later decide nothing.
            self.stored = Vec::new().into_iter();
        }
        Ok(())
    }
}

/// Whether a rule can be compiled.
pub(crate) fn check(rule: &StoredRule) -> Result<(), Error> {
    if rule.name.contains('\0') {
        return Err(Error::Text("name"));
    }
    action(rule)?;
    if let RuleKind::Regex { pattern, flags } = kind(rule)? {
        Pattern::new(0, &pattern, &flags)?;
    }
    Ok(())
}

fn action(rule: &StoredRule) -> Result<Action, Error> {
    Action::parse(&rule.action).ok_or_else(|| Error::Rule(format!("unknown action `{}`", rule.action)))
}

/// What the rule looks for, within the limits of one rule.
fn kind(rule: &StoredRule) -> Result<RuleKind, Error> {
    let kind = RuleKind::from_parts(&rule.kind, &rule.data)?;
    match &kind {
        RuleKind::Keyword { keywords, .. } => {
            let bytes = keyword_bytes(keywords);
            if bytes == 0 {
                return Err(Error::Rule("no keyword".into()));
            }
            if bytes > RULE_KEYWORD_BYTES_MAX || keywords.iter().any(|word| word.len() > KEYWORD_BYTES_MAX) {
                let (one, all) = (KEYWORD_BYTES_MAX, RULE_KEYWORD_BYTES_MAX / 1024);
                return Err(Error::Rule(format!(
                    "a keyword may have {one} bytes at most, and the keywords of a rule {all} KiB"
                )));
            }
        }
        RuleKind::AiPrompt { prompt } if prompt.trim().is_empty() || prompt.trim().len() > PROMPT_BYTES_MAX => {
            return Err(Error::Rule(format!("a prompt must have from 1 to {PROMPT_BYTES_MAX} bytes")));
        }
        RuleKind::Regex { .. } | RuleKind::AiPrompt { .. } => {}
    }
    Ok(kind)
}

fn keyword_bytes(keywords: &[String]) -> usize {
    keywords.iter().map(String::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Status;

    fn rule(name: &str, kind: &str, data: &str, action: &str) -> StoredRule {
        StoredRule {
            id: format!("rule_{name}"),
            name: name.into(),
            kind: kind.into(),
            data: data.into(),
            action: action.into(),
            priority: 0,
            is_active: true,
            created_at: 0,
            updated_at: 0,
        }
    }

    #[test]
    fn the_first_match_decides() {
        let set = RuleSet::compile(vec![
            rule("allow", "keyword", r#"{"keywords":["newsletter"]}"#, "approved"),
            rule("spam", "keyword", r#"{"keywords":["SPAM","Ünï"]}"#, "reject"),
            rule("phone", "regex", r#"{"pattern":"\\d{3}-\\d{4}"}"#, "flag"),
        ]);
        for (text, status, name) in [
            ("spam in a newsletter", Status::Approved, Some("allow")),
            ("this is Spam", Status::Rejected, Some("spam")),
            ("üNÏcode", Status::Rejected, Some("spam")),
            ("call 555-1234", Status::Flagged, Some("phone")),
            ("hello", Status::Approved, None),
        ] {
            let outcome = set.decide(text).unwrap_or_else(Outcome::unmatched);
            assert_eq!((outcome.status, outcome.rule.as_ref().map(|rule| &*rule.name)), (status, name), "{text}");
        }
    }

    #[test]
    fn case_and_flags() {
        let set = RuleSet::compile(vec![
            rule("exact", "keyword", r#"{"keywords":["Bad"],"case_sensitive":true}"#, "reject"),
            rule("flags", "regex", r#"{"pattern":"^b.d$","flags":["i","m","s"]}"#, "flagged"),
        ]);
        let decided = |text| set.decide(text).unwrap().status;
        assert_eq!(decided("Bad"), Status::Rejected);
        assert_eq!(decided("bad"), Status::Flagged);
        assert_eq!(decided("x\nB\nD\ny"), Status::Flagged);
        assert!(set.decide("badly").is_none());
    }

    #[test]
    fn a_broken_rule_is_refused_and_when_stored_skipped() {
        let broken = [
            rule("a", "regex", r#"{"pattern":"("}"#, "flag"),
            rule("b", "regex", r#"{"pattern":"1[01]{4000}[^01]"}"#, "flag"),
            rule("c", "regex", r#"{"pattern":"a","flags":["x"]}"#, "flag"),
            rule("d", "keyword", r#"{"keywords":[""]}"#, "flag"),
            rule("e", "keyword", "{}", "flag"),
            rule("f", "keyword", r#"{"keywords":["a"]}"#, "explode"),
            rule("g", "telepathy", "{}", "flag"),
            rule("h", "ai_prompt", r#"{"prompt":" "}"#, "flag"),
        ];
        for rule in &broken {
            assert!(check(rule).is_err(), "{}", rule.name);
        }
        assert!(RuleSet::compile(broken.into()).decide("a").is_none());
    }
}
