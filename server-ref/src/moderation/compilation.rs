//! Compilation of stored rules into a rule set, within the limits of a rule and of a project.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::decision::RuleName;
use super::keywords::KeywordIndexBuilder;
use super::patterns::{Pattern, PatternGroup};
use super::rule::{Action, RuleKind};
use super::rule_set::{Prompt, RuleHead, RuleSet};
use crate::Error;
use crate::store::StoredRule;

/// The longest prompt of a rule.
const PROMPT_BYTES_MAX: usize = 16 * 1024;
/// The longest keyword, and the most bytes of all keywords of one rule.
const KEYWORD_BYTES_MAX: usize = 1024;
const RULE_KEYWORD_BYTES_MAX: usize = 128 * 1024;
/// The most bytes of keywords, and of compiled patterns, of one project's active rules together.
const PROJECT_KEYWORD_BYTES_MAX: usize = 512 * 1024;
const PROJECT_PATTERN_BYTES_MAX: usize = 12 * 1024 * 1024;

/// A rule set during compilation, some rules at a time.
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
    /// A compilation of rules in the order of evaluation.
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

    /// Compiles the next rule, the keywords, or the next group of patterns; returns the complete set.
    pub(super) fn advance(&mut self) -> Option<RuleSet> {
        if let Some(rule) = self.stored.next() {
            match self.add(&rule) {
                Ok(()) => {}
                // It is in force, perhaps since other limits were valid, but its decision is unknown.
                Err(Error::RuleTooLarge(reason)) => self.stop_at(&rule, &reason),
                // An unreadable rule is left out, so that it does not stop the others.
                Err(error) => tracing::warn!(rule = rule.id, %error, "a stored rule is skipped"),
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

    /// Rules that compile one by one also compile together. Otherwise a person would have to decide everything.
    fn give_up(&mut self, error: &Error) -> Option<RuleSet> {
        tracing::error!(%error, "rules could not be compiled together");
        self.set.over_limit = Some(0);
        Some(std::mem::take(&mut self.set))
    }

    /// Stops at this rule: items that reach it, or a later one, are flagged.
    fn stop_at(&mut self, rule: &StoredRule, reason: &str) {
        tracing::warn!(rule = rule.id, reason, "items that reach this rule of a project, or a later one, are flagged");
        // It has an action, because `add` refuses a rule without one.
        let action = action(rule).unwrap_or(Action::Flag);
        self.set.over_limit = Some(self.set.rules.len());
        self.set.rules.push(RuleHead { name: RuleName::of(rule), action });
        self.stored = Vec::new().into_iter();
    }

    fn add(&mut self, rule: &StoredRule) -> Result<(), Error> {
        let head = RuleHead { name: RuleName::of(rule), action: action(rule)? };
        let index = self.set.rules.len();
        match kind(rule)? {
            RuleKind::Keyword { keywords, case_sensitive } => {
                self.keyword_bytes += keyword_bytes(&keywords);
                if self.keyword_bytes > PROJECT_KEYWORD_BYTES_MAX {
                    return Err(Error::RuleTooLarge("the project has too many keywords".into()));
                }
                for word in keywords.into_iter().filter(|word| !word.is_empty()) {
                    if case_sensitive {
                        self.exact.push(index, word.clone(), word);
                    } else {
                        self.folded.push(index, word.to_lowercase(), word);
                    }
                }
            }
            RuleKind::Regex { pattern, flags } => {
                let pattern = Pattern::new(index, &pattern, &flags)?;
                self.pattern_bytes += pattern.memory_usage();
                if self.pattern_bytes > PROJECT_PATTERN_BYTES_MAX {
                    return Err(Error::RuleTooLarge("the project has too many patterns".into()));
                }
                self.patterns.push(pattern);
            }
            RuleKind::AiPrompt { prompt } => {
                let text = prompt.trim().to_owned();
                self.set.prompts.push(Prompt { name: head.name, action: head.action, text });
                return Ok(());
            }
        }
        self.set.rules.push(head);
        Ok(())
    }
}

/// Checks whether a rule can be compiled.
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

/// The rule's search data, within the limits of one rule.
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
                return Err(Error::RuleTooLarge(format!(
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
    use super::super::cache::CACHE_BYTES_MAX;
    use super::super::decision::Decision;
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

    fn compiled(rules: Vec<StoredRule>) -> RuleSet {
        let mut compilation = Compilation::new(rules);
        loop {
            if let Some(set) = compilation.advance() {
                return set;
            }
        }
    }

    #[test]
    fn the_first_match_decides() {
        let set = compiled(vec![
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
            let decision = set.decide(text).unwrap_or_else(Decision::unmatched);
            assert_eq!((decision.status, decision.rule.as_ref().map(|rule| &*rule.name)), (status, name), "{text}");
        }
    }

    #[test]
    fn case_and_flags() {
        let set = compiled(vec![
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
        assert!(compiled(broken.into()).decide("a").is_none());
    }

    #[test]
    fn a_stored_rule_beyond_the_limits_is_not_skipped() {
        let set = compiled(vec![
            rule("first", "keyword", r#"{"keywords":["spam"]}"#, "reject"),
            rule("large", "regex", r#"{"pattern":"1[01]{4000}[^01]"}"#, "reject"),
            rule("last", "keyword", r#"{"keywords":["hello"]}"#, "approve"),
        ]);
        assert_eq!(set.decide("spam").unwrap().status, Status::Rejected);
        let undecided = set.decide("hello").unwrap();
        assert_eq!((undecided.status, &*undecided.rule.unwrap().name), (Status::Flagged, "large"));
    }

    /// The cache could not store a larger set, and would compile it again for each text.
    #[test]
    fn the_largest_set_fits_the_cache() {
        let pattern = |n: usize| format!(r#"{{"pattern":"{n}[ab]{{900}}"}}"#);
        let keywords = |n: usize| {
            let words: Vec<String> = (0..25_000).map(|word| format!("\"{:05x}\"", n * 25_000 + word)).collect();
            format!(r#"{{"keywords":[{}]}}"#, words.join(","))
        };
        let keywords = (0..4).map(|n| rule(&format!("k{n}"), "keyword", &keywords(n), "flag"));
        let patterns = (0..400).map(|n| rule(&format!("p{n}"), "regex", &pattern(n), "flag"));
        let set = compiled(keywords.chain(patterns).collect());
        assert!(set.over_limit.is_some(), "the limits are reached");
        assert!(set.memory_usage() as u64 <= CACHE_BYTES_MAX, "{} bytes", set.memory_usage());
    }
}
