//! The regular expressions of a project, compiled in groups. For each group, one pass over a text finds the few patterns that
//! may match.
//!
//! A group has a lazily built DFA with a bounded cache. Such a DFA does not support Unicode word boundaries, so the group ignores these
//! boundaries. The group may therefore report a pattern with such boundaries that does not match, so these patterns are checked one by one.
//! If a text needs too much space in the cache, the DFA gives up, and each pattern of the group is tried alone: with its own DFA if
//! possible, and step by step if there is no such DFA or it also gives up.

use std::sync::{Mutex, PoisonError};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::{Input, MatchKind, PatternSet};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use super::nfa_simulation::{self, OutOfSteps, StepBudget};
use super::unicode_word_boundaries::without_unicode_word_boundaries;
use crate::Error;

/// Maximum length of a pattern in bytes.
const PATTERN_BYTES_MAX: usize = 8 * 1024;
/// Maximum size of a pattern's automaton in bytes.
const PATTERN_NFA_BYTES_MAX: usize = 64 * 1024;
/// Maximum number of patterns in a group.
const GROUP_PATTERNS_MAX: usize = 64;
/// Maximum total size of the automata in a group, in bytes.
const GROUP_NFA_BYTES_MAX: usize = 256 * 1024;
/// Size of the cache for a DFA's states, in bytes.
const DFA_CACHE_BYTES: usize = 512 * 1024;
/// Number of times that a DFA clears its full cache before it may give up.
const DFA_CACHE_CLEARS_MIN: usize = 3;
/// Minimum number of bytes searched per cached state. Below this number, a DFA gives up after [`DFA_CACHE_CLEARS_MIN`] clears.
const DFA_SEARCHED_BYTES_PER_STATE_MIN: usize = 10;
/// Maximum number of caches that a group keeps for later texts.
const IDLE_CACHES_MAX: usize = 2;

/// The compiled regular expression of a rule.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The index of the rule that contains the pattern.
    rule_index: usize,
    hir: Hir,
    nfa: NFA,
    /// True if a match found by the group's DFA is certain. False if the pattern contains Unicode word boundaries.
    is_dfa_exact: bool,
}

/// A group of patterns in the order of their rules.
#[derive(Debug)]
pub(super) struct PatternGroup {
    patterns: Vec<Pattern>,
    /// A DFA that finds the patterns that may match a text.
    prefilter: DFA,
    idle_caches: Mutex<Vec<Cache>>,
}

/// The result of matching a text against a group of patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupMatch {
    None,
    /// The pattern of the rule with this index matches.
    Rule(usize),
    /// No earlier pattern matches, and the steps ran out before it was known whether the pattern of the rule with this index matches.
    Undecided(usize),
}

impl Pattern {
    /// Compiles the pattern of the rule with the index `rule_index`.
    pub(super) fn new(rule_index: usize, pattern: &str, flags: &[String]) -> Result<Self, Error> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(Error::RuleTooLarge(format!("a pattern may have at most {PATTERN_BYTES_MAX} bytes")));
        }
        let mut parser = ParserBuilder::new();
        for flag in flags {
            match flag.as_str() {
                "i" => parser.case_insensitive(true),
                "m" => parser.multi_line(true),
                "s" => parser.dot_matches_new_line(true),
                other => return Err(Error::InvalidRule(format!("unknown flag `{other}`"))),
            };
        }
        let hir = parser.build().parse(pattern).map_err(|error| Error::InvalidRule(error.to_string()))?;
        let nfa = compile_nfa(&hir)?;
        let is_dfa_exact = !hir.properties().look_set().contains_word_unicode();
        Ok(Self { rule_index, hir, nfa, is_dfa_exact })
    }

    fn is_match(&self, text: &str, steps: &mut StepBudget) -> Result<bool, OutOfSteps> {
        if self.is_dfa_exact || text.is_ascii() {
            let dfa = DFA::builder()
                .configure(lazy_dfa_config().unicode_word_boundary(true))
                .build_from_nfa(self.nfa.clone());
            if let Ok(dfa) = dfa
                && let Ok(found) = dfa.try_search_fwd(&mut dfa.create_cache(), &Input::new(text).earliest(true))
            {
                return Ok(found.is_some());
            }
        }
        nfa_simulation::is_match(&self.nfa, text.as_bytes(), steps)
    }

    /// Returns the approximate memory use in bytes. The parsed pattern is assumed to be as large as its automaton.
    pub(super) fn memory_usage(&self) -> usize {
        2 * self.nfa.memory_usage() + size_of::<Self>()
    }
}

impl PatternGroup {
    /// Creates a group from the next patterns, up to the limits for a group. Returns `None` if there are no patterns left.
    pub(super) fn next_group(
        patterns: &mut std::iter::Peekable<impl Iterator<Item = Pattern>>,
    ) -> Result<Option<Self>, Error> {
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(pattern) = patterns.next_if(|next| {
            group.is_empty()
                || group.len() < GROUP_PATTERNS_MAX && bytes + next.nfa.memory_usage() <= GROUP_NFA_BYTES_MAX
        }) {
            bytes += pattern.nfa.memory_usage();
            group.push(pattern);
        }
        if group.is_empty() { Ok(None) } else { Self::new(group).map(Some) }
    }

    fn new(patterns: Vec<Pattern>) -> Result<Self, Error> {
        let failed =
            |error: &dyn std::fmt::Display| Error::InvalidRule(format!("the patterns could not be compiled: {error}"));
        let hirs: Vec<Hir> = patterns.iter().map(|pattern| without_unicode_word_boundaries(&pattern.hir)).collect();
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).which_captures(WhichCaptures::None))
            .build_many_from_hir(&hirs)
            .map_err(|error| failed(&error))?;
        let prefilter = DFA::builder()
            .configure(lazy_dfa_config().match_kind(MatchKind::All))
            .build_from_nfa(nfa)
            .map_err(|error| failed(&error))?;
        Ok(Self { patterns, prefilter, idle_caches: Mutex::default() })
    }

    /// Returns the index of the first rule in the group.
    pub(super) fn first_rule_index(&self) -> usize {
        self.patterns.first().map_or(usize::MAX, |pattern| pattern.rule_index)
    }

    /// Finds the first rule with an index below `before` whose pattern matches.
    pub(super) fn find(&self, text: &str, before: usize, steps: &mut StepBudget) -> GroupMatch {
        let mut candidates = PatternSet::new(self.patterns.len());
        let filtered = self.with_cache(|cache| {
            self.prefilter.try_which_overlapping_matches(cache, &Input::new(text), &mut candidates).is_ok()
        });
        for (index, pattern) in self.patterns.iter().enumerate().take_while(|(_, pattern)| pattern.rule_index < before)
        {
            let candidate = regex_automata::PatternID::new(index).is_ok_and(|id| candidates.contains(id));
            if filtered && !candidate {
                continue;
            }
            if candidate && pattern.is_dfa_exact {
                return GroupMatch::Rule(pattern.rule_index);
            }
            match pattern.is_match(text, steps) {
                Ok(true) => return GroupMatch::Rule(pattern.rule_index),
                Ok(false) => {}
                Err(OutOfSteps) => return GroupMatch::Undecided(pattern.rule_index),
            }
        }
        GroupMatch::None
    }

    fn with_cache<T>(&self, search: impl FnOnce(&mut Cache) -> T) -> T {
        let idle = self.idle_caches.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut cache = idle.unwrap_or_else(|| self.prefilter.create_cache());
        let found = search(&mut cache);
        let mut idle = self.idle_caches.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CACHES_MAX {
            idle.push(cache);
        }
        found
    }

    /// Returns the approximate memory use in bytes, assuming full caches.
    pub(super) fn memory_usage(&self) -> usize {
        let patterns: usize = self.patterns.iter().map(Pattern::memory_usage).sum();
        patterns
            + self.prefilter.memory_usage()
            + self.prefilter.get_nfa().memory_usage()
            + IDLE_CACHES_MAX * DFA_CACHE_BYTES
    }
}

fn compile_nfa(hir: &Hir) -> Result<NFA, Error> {
    let config = thompson::Config::new()
        .utf8(false)
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(PATTERN_NFA_BYTES_MAX));
    let compiled = thompson::Compiler::new().configure(config).build_from_hir(hir);
    compiled.map_err(|error| match error.size_limit() {
        Some(_) => Error::RuleTooLarge("the pattern is too large, because it contains too many repetitions".into()),
        None => Error::InvalidRule(error.to_string()),
    })
}

fn lazy_dfa_config() -> regex_automata::hybrid::dfa::Config {
    DFA::config()
        .cache_capacity(DFA_CACHE_BYTES)
        .skip_cache_capacity_check(true)
        .minimum_cache_clear_count(Some(DFA_CACHE_CLEARS_MIN))
        .minimum_bytes_per_state(Some(DFA_SEARCHED_BYTES_PER_STATE_MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARD_PATTERN: &str = "1[01]{200}[^01n]";

    fn groups(patterns: &[&str]) -> Vec<PatternGroup> {
        let patterns: Vec<_> =
            patterns.iter().enumerate().map(|(rule, pattern)| Pattern::new(rule, pattern, &[]).unwrap()).collect();
        let mut patterns = patterns.into_iter().peekable();
        std::iter::from_fn(|| PatternGroup::next_group(&mut patterns).unwrap()).collect()
    }

    fn find(patterns: &[&str], text: &str) -> GroupMatch {
        let [group] = &groups(patterns)[..] else { panic!("more than one group") };
        group.find(text, usize::MAX, &mut StepBudget(1_000_000))
    }

    #[test]
    fn the_first_pattern_wins_wherever_it_matches() {
        assert_eq!(find(&["z+", "a", "."], "abcz"), GroupMatch::Rule(0));
        assert_eq!(find(&["z+", "a", "."], "bca"), GroupMatch::Rule(1));
        assert_eq!(find(&["z+", "a", "."], "\n"), GroupMatch::None);
    }

    #[test]
    fn unicode_word_boundaries_are_checked() {
        let patterns = [r"\bart\b", r"\b{start}é", "x"];
        assert_eq!(find(&patterns, "party"), GroupMatch::None);
        assert_eq!(find(&patterns, "pärty art"), GroupMatch::Rule(0));
        assert_eq!(find(&patterns, "äart x"), GroupMatch::Rule(2));
        assert_eq!(find(&patterns, "café"), GroupMatch::None);
        assert_eq!(find(&patterns, "un été"), GroupMatch::Rule(1));
    }

    /// Returns a text on which a DFA for [`HARD_PATTERN`] fills its cache and gives up.
    fn hard_text(length: usize) -> String {
        use rand::{RngExt as _, SeedableRng, rngs::SmallRng};
        let mut rng = SmallRng::seed_from_u64(7);
        (0..length).map(|_| if rng.random() { '1' } else { '0' }).collect()
    }

    #[test]
    fn hard_patterns_take_a_limited_number_of_steps_and_do_not_hide_others() {
        let text = hard_text(32_000) + "needle";
        assert_eq!(find(&["needle", HARD_PATTERN], &text), GroupMatch::Rule(0));
        assert_eq!(find(&[HARD_PATTERN, "needle"], &text), GroupMatch::Undecided(0));
        assert_eq!(find(&["absent", "needle", HARD_PATTERN], &text), GroupMatch::Rule(1));
    }

    #[test]
    fn typical_patterns_are_accepted_and_huge_ones_are_refused() {
        for usual in [
            r"\b(?:viagra|cialis|casino)\b",
            r"https?://\S+",
            r"[\w.+-]+@[\w-]+\.[\w.]+",
            r"\d{3}[-. ]?\d{4}",
            r"(?i)f+r+e+e+\s+m+o+n+e+y+",
            r"^\s*$",
            r"(?:\w+\s+){1,3}click",
            r"\p{Cyrillic}{20,}",
        ] {
            let pattern = Pattern::new(0, usual, &["i".into()]);
            assert!(pattern.is_ok(), "{usual}: {pattern:?}");
        }
        for huge in ["1[01]{4000}[^01]", "a{9999}{9999}", r"\w{200}", &"a".repeat(PATTERN_BYTES_MAX + 1)] {
            assert!(matches!(Pattern::new(0, huge, &[]), Err(Error::RuleTooLarge(_))), "{huge}");
        }
    }

    #[test]
    fn groups_are_limited_in_size() {
        let many: Vec<String> = (0..200).map(|n| format!("word{n}[a-f]+")).collect();
        let groups = groups(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(groups.iter().map(|group| group.patterns.len()).sum::<usize>(), 200);
        assert!(groups.len() >= 4 && groups.iter().all(|group| group.patterns.len() <= GROUP_PATTERNS_MAX));
        assert_eq!(groups[0].find("a word7b", usize::MAX, &mut StepBudget(0)), GroupMatch::Rule(7));
    }
}
