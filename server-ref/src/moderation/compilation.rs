//! Compilation of stored rules into a rule set, within the limits for a single rule and for a project.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::decision::RuleLabel;
use super::keywords::KeywordIndexBuilder;
use super::patterns::{Pattern, PatternGroup};
use super::rule::{Action, RuleKind};
use super::rule_set::{PromptRule, RuleEffect, RuleSet};
use crate::Error;
use crate::store::StoredRule;

/// Maximum length of a prompt in bytes.
const PROMPT_BYTES_MAX: usize = 16 * 1024;
/// Maximum length of a keyword in bytes.
const KEYWORD_BYTES_MAX: usize = 1024;
/// Maximum total length of the keywords of one rule, in bytes.
const RULE_KEYWORD_BYTES_MAX: usize = 128 * 1024;
/// Maximum total length of the keywords of a project's active rules, in bytes.
const PROJECT_KEYWORD_BYTES_MAX: usize = 512 * 1024;
/// Maximum total size of the compiled patterns of a project's active rules, in bytes.
const PROJECT_COMPILED_PATTERN_BYTES_MAX: usize = 12 * 1024 * 1024;

/// A rule set that is being compiled. Each call to [`Compilation::advance`] does a small part of the work.
#[derive(Debug)]
pub(super) struct Compilation {
    remaining_rules: IntoIter<StoredRule>,
    patterns: Vec<Pattern>,
    /// The patterns that have not been grouped yet; `None` until all rules have been added.
    ungrouped_patterns: Option<Peekable<IntoIter<Pattern>>>,
    case_sensitive_keywords: KeywordIndexBuilder,
    case_insensitive_keywords: KeywordIndexBuilder,
    keyword_bytes: usize,
    compiled_pattern_bytes: usize,
    rule_set: RuleSet,
}

impl Compilation {
    /// Creates a compilation of the given rules, which must be in order of priority.
    pub(super) fn new(rules: Vec<StoredRule>) -> Self {
        Self {
            remaining_rules: rules.into_iter(),
            patterns: Vec::new(),
            ungrouped_patterns: None,
            case_sensitive_keywords: KeywordIndexBuilder::default(),
            case_insensitive_keywords: KeywordIndexBuilder::default(),
            keyword_bytes: 0,
            compiled_pattern_bytes: 0,
            rule_set: RuleSet::default(),
        }
    }

    /// Compiles the next rule, the keywords, or the next group of patterns. Returns the rule set once it is complete.
    pub(super) fn advance(&mut self) -> Option<RuleSet> {
        if let Some(rule) = self.remaining_rules.next() {
            match self.add_rule(&rule) {
                Ok(()) => {}
                // An active rule exceeds a limit: either a limit for the project, which is not checked when a rule is stored, or a limit
                // for a single rule that did not apply when this rule was stored.
                Err(Error::RuleTooLarge(reason)) => self.stop_at_rule(&rule, &reason),
                // An invalid rule is skipped, so that the other rules remain in effect.
                Err(error) => tracing::warn!(rule = rule.id, %error, "a stored rule is skipped"),
            }
            return None;
        }
        if let Some(patterns) = &mut self.ungrouped_patterns {
            return match PatternGroup::next_group(patterns) {
                Ok(Some(group)) => {
                    self.rule_set.pattern_groups.push(group);
                    None
                }
                Ok(None) => Some(std::mem::take(&mut self.rule_set)),
                Err(error) => self.flag_all_items(&error),
            };
        }
        self.ungrouped_patterns = Some(std::mem::take(&mut self.patterns).into_iter().peekable());
        let case_sensitive = std::mem::take(&mut self.case_sensitive_keywords).build();
        let case_insensitive = std::mem::take(&mut self.case_insensitive_keywords).build();
        match case_sensitive.and_then(|index| Ok((index, case_insensitive?))) {
            Ok(indices) => {
                (self.rule_set.case_sensitive_keywords, self.rule_set.case_insensitive_keywords) = indices;
            }
            Err(error) => return self.flag_all_items(&error),
        }
        None
    }

    /// Ends the compilation with a rule set that flags all items. This is not expected to happen, because rules that compile one by
    /// one also compile together.
    fn flag_all_items(&mut self, error: &Error) -> Option<RuleSet> {
        tracing::error!(%error, "the rules of a project could not be compiled together");
        self.rule_set.first_rule_over_limit = Some(0);
        Some(std::mem::take(&mut self.rule_set))
    }

    /// Skips this rule and all later ones, so that items that no earlier rule matches are flagged.
    fn stop_at_rule(&mut self, rule: &StoredRule, reason: &str) {
        tracing::warn!(
            rule = rule.id,
            reason,
            "a rule exceeds a limit; items that no earlier rule matches are flagged"
        );
        // The rule has a valid action, because `add_rule` parses the action first.
        let action = parse_action(rule).unwrap_or(Action::Flag);
        self.rule_set.first_rule_over_limit = Some(self.rule_set.rules.len());
        self.rule_set.rules.push(RuleEffect { rule: RuleLabel::of(rule), action });
        self.remaining_rules = Vec::new().into_iter();
    }

    fn add_rule(&mut self, rule: &StoredRule) -> Result<(), Error> {
        let effect = RuleEffect { rule: RuleLabel::of(rule), action: parse_action(rule)? };
        let index = self.rule_set.rules.len();
        match parse_kind(rule)? {
            RuleKind::Keyword { keywords, case_sensitive } => {
                self.keyword_bytes += keyword_bytes(&keywords);
                if self.keyword_bytes > PROJECT_KEYWORD_BYTES_MAX {
                    return Err(Error::RuleTooLarge("the project has too many keywords".into()));
                }
                for word in keywords.into_iter().filter(|word| !word.is_empty()) {
                    if case_sensitive {
                        self.case_sensitive_keywords.add(index, word.clone(), word);
                    } else {
                        self.case_insensitive_keywords.add(index, word.to_lowercase(), word);
                    }
                }
            }
            RuleKind::Regex { pattern, flags } => {
                let pattern = Pattern::new(index, &pattern, &flags)?;
                self.compiled_pattern_bytes += pattern.memory_usage();
                if self.compiled_pattern_bytes > PROJECT_COMPILED_PATTERN_BYTES_MAX {
                    return Err(Error::RuleTooLarge("the project has too many patterns".into()));
                }
                self.patterns.push(pattern);
            }
            RuleKind::AiPrompt { prompt } => {
                let text = prompt.trim().to_owned();
                self.rule_set.prompts.push(PromptRule { rule: effect.rule, action: effect.action, text });
                return Ok(());
            }
        }
        self.rule_set.rules.push(effect);
        Ok(())
    }
}

/// Checks whether a rule can be stored and compiled.
pub(crate) fn check_rule(rule: &StoredRule) -> Result<(), Error> {
    if rule.name.contains('\0') {
        return Err(Error::NulCharacter("name"));
    }
    parse_action(rule)?;
    if let RuleKind::Regex { pattern, flags } = parse_kind(rule)? {
        Pattern::new(0, &pattern, &flags)?;
    }
    Ok(())
}

fn parse_action(rule: &StoredRule) -> Result<Action, Error> {
    Action::parse(&rule.action).ok_or_else(|| Error::InvalidRule(format!("unknown action `{}`", rule.action)))
}

/// Parses the type and data of a rule and checks the limits on its keywords or prompt.
fn parse_kind(rule: &StoredRule) -> Result<RuleKind, Error> {
    let kind = RuleKind::from_parts(&rule.kind, &rule.data)?;
    match &kind {
        RuleKind::Keyword { keywords, .. } => {
            let bytes = keyword_bytes(keywords);
            if bytes == 0 {
                return Err(Error::InvalidRule("no keyword".into()));
            }
            if bytes > RULE_KEYWORD_BYTES_MAX || keywords.iter().any(|word| word.len() > KEYWORD_BYTES_MAX) {
                let (one, all) = (KEYWORD_BYTES_MAX, RULE_KEYWORD_BYTES_MAX / 1024);
                return Err(Error::RuleTooLarge(format!(
                    "a keyword may have at most {one} bytes, and the keywords of a rule at most {all} KiB in total"
                )));
            }
        }
        RuleKind::AiPrompt { prompt } if prompt.trim().is_empty() || prompt.trim().len() > PROMPT_BYTES_MAX => {
            return Err(Error::InvalidRule(format!("a prompt must have between 1 and {PROMPT_BYTES_MAX} bytes")));
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
    use super::super::decision::Decision;
    use super::super::rule_cache::RULE_CACHE_BYTES_MAX;
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
            let decision = set.decide(text).unwrap_or_else(Decision::approve_unmatched);
            assert_eq!((decision.status, decision.rule.as_ref().map(|rule| &*rule.name)), (status, name), "{text}");
        }
    }

    #[test]
    fn case_sensitivity_and_regex_flags_are_applied() {
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
    fn an_invalid_rule_is_refused_and_skipped_if_it_is_already_stored() {
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
            assert!(check_rule(rule).is_err(), "{}", rule.name);
        }
        assert!(compiled(broken.into()).decide("a").is_none());
    }

    #[test]
    fn items_that_reach_a_stored_rule_beyond_the_limits_are_flagged() {
        let set = compiled(vec![
            rule("first", "keyword", r#"{"keywords":["spam"]}"#, "reject"),
            rule("large", "regex", r#"{"pattern":"1[01]{4000}[^01]"}"#, "reject"),
            rule("last", "keyword", r#"{"keywords":["hello"]}"#, "approve"),
        ]);
        assert_eq!(set.decide("spam").unwrap().status, Status::Rejected);
        let undecided = set.decide("hello").unwrap();
        assert_eq!((undecided.status, &*undecided.rule.unwrap().name), (Status::Flagged, "large"));
    }

    /// A rule set that does not fit into the cache would be compiled again for each text.
    #[test]
    fn the_largest_possible_rule_set_fits_into_the_cache() {
        let pattern = |n: usize| format!(r#"{{"pattern":"{n}[ab]{{900}}"}}"#);
        let keywords = |n: usize| {
            let words: Vec<String> = (0..25_000).map(|word| format!("\"{:05x}\"", n * 25_000 + word)).collect();
            format!(r#"{{"keywords":[{}]}}"#, words.join(","))
        };
        let keywords = (0..4).map(|n| rule(&format!("k{n}"), "keyword", &keywords(n), "flag"));
        let patterns = (0..400).map(|n| rule(&format!("p{n}"), "regex", &pattern(n), "flag"));
        let set = compiled(keywords.chain(patterns).collect());
        assert!(set.first_rule_over_limit.is_some(), "the limits are reached");
        assert!(set.memory_usage() as u64 <= RULE_CACHE_BYTES_MAX, "{} bytes", set.memory_usage());
    }
}
