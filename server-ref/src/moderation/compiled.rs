//! Rules made ready to be tried many times.

use aho_corasick::AhoCorasick;
use regex::{Regex, RegexBuilder};

use super::outcome::{Outcome, RuleName};
use super::rule::{Action, RuleKind};
use crate::Error;
use crate::store::StoredRule;

/// The longest question to a model.
const PROMPT_MAX: usize = 16 * 1024;
/// The most memory one compiled pattern may take.
const REGEX_SIZE: usize = 1 << 20;

/// A project's rules in the order in which they are tried.
#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    rules: Vec<Compiled>,
    prompts: Vec<Prompt>,
}

/// An `ai_prompt` rule.
#[derive(Debug, Clone)]
pub(super) struct Prompt {
    pub(super) name: RuleName,
    pub(super) action: Action,
    pub(super) text: String,
}

enum Either {
    Rule(Compiled),
    Prompt(Prompt),
}

#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) name: RuleName,
    pub(super) action: Action,
    matcher: Matcher,
}

#[derive(Debug)]
enum Matcher {
    Keywords { words: Vec<String>, automaton: AhoCorasick, case_sensitive: bool },
    Regex(Regex),
}

impl RuleSet {
    /// Rules in the order in which they are to be tried. One that can't be compiled is left out: it must not stop the others.
    pub(crate) fn compile(rules: &[StoredRule]) -> Self {
        let mut set = Self::default();
        for rule in rules {
            match compile(rule) {
                Ok(Either::Rule(rule)) => set.rules.push(rule),
                Ok(Either::Prompt(prompt)) => set.prompts.push(prompt),
                Err(error) => tracing::warn!(rule = rule.id, %error, "a stored rule is skipped"),
            }
        }
        set
    }

    /// The first rule that matches decides; `None`: the prompts do, if there are any.
    pub(crate) fn decide(&self, text: &str) -> Option<Outcome> {
        let mut lower = None;
        for rule in &self.rules {
            if let Some(reason) = rule.matcher.find(text, &mut lower) {
                return Some(Outcome::matched(rule, reason));
            }
        }
        None
    }

    /// The `ai_prompt` rules.
    pub(super) fn prompts(&self) -> &[Prompt] {
        &self.prompts
    }
}

/// Whether a rule can be compiled.
pub(crate) fn check(rule: &StoredRule) -> Result<(), Error> {
    if rule.name.contains('\0') {
        return Err(Error::Text("name"));
    }
    compile(rule).map(drop)
}

fn compile(rule: &StoredRule) -> Result<Either, Error> {
    let action = Action::parse(&rule.action).ok_or_else(|| Error::Rule(format!("unknown action `{}`", rule.action)))?;
    let name = RuleName { id: rule.id.clone(), name: rule.name.clone(), kind: rule.kind.clone() };
    let matcher = match RuleKind::from_parts(&rule.kind, &rule.data)? {
        RuleKind::Keyword { keywords, case_sensitive } => words(keywords, case_sensitive)?,
        RuleKind::Regex { pattern, flags } => Matcher::Regex(regex(&pattern, &flags)?),
        RuleKind::AiPrompt { prompt } => {
            let text = prompt.trim().to_owned();
            if text.is_empty() || text.len() > PROMPT_MAX {
                return Err(Error::Rule(format!("a prompt must have from 1 to {PROMPT_MAX} bytes")));
            }
            return Ok(Either::Prompt(Prompt { name, action, text }));
        }
    };
    Ok(Either::Rule(Compiled { name, action, matcher }))
}

fn words(keywords: Vec<String>, case_sensitive: bool) -> Result<Matcher, Error> {
    let words: Vec<String> = keywords.into_iter().filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(Error::Rule("no keyword".into()));
    }
    let patterns: Vec<String> =
        if case_sensitive { words.clone() } else { words.iter().map(|word| word.to_lowercase()).collect() };
    let automaton = AhoCorasick::new(&patterns).map_err(|error| Error::Rule(error.to_string()))?;
    Ok(Matcher::Keywords { words, automaton, case_sensitive })
}

fn regex(pattern: &str, flags: &[String]) -> Result<Regex, Error> {
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(REGEX_SIZE);
    for flag in flags {
        match flag.as_str() {
            "i" => builder.case_insensitive(true),
            "m" => builder.multi_line(true),
            "s" => builder.dot_matches_new_line(true),
            other => return Err(Error::Rule(format!("unknown flag `{other}`"))),
        };
    }
    builder.build().map_err(|error| Error::Rule(error.to_string()))
}

impl Matcher {
    /// Why the text matches. `lower` keeps the lower-case text for the rules that follow.
    fn find(&self, text: &str, lower: &mut Option<String>) -> Option<String> {
        match self {
            Self::Keywords { words, automaton, case_sensitive } => {
                let haystack = if *case_sensitive { text } else { lower.get_or_insert_with(|| text.to_lowercase()) };
                let found = automaton.find(haystack)?;
                let word = words.get(found.pattern().as_usize())?;
                Some(format!("Contains the keyword \"{word}\""))
            }
            Self::Regex(regex) => regex.is_match(text).then(|| "Matches the pattern".to_owned()),
        }
    }
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
        let set = RuleSet::compile(&[
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
        let set = RuleSet::compile(&[
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
            rule("b", "regex", r#"{"pattern":"a{9999}{9999}"}"#, "flag"),
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
        assert!(RuleSet::compile(&broken).decide("a").is_none());
    }
}
