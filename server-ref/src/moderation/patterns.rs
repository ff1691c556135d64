//! All regular expressions of a project, in groups: one pass over a text per group finds the few patterns that may
//! match.
//!
//! A group is a lazily built DFA within a bounded cache. It ignores Unicode word boundaries, which such a DFA can't
//! follow, so it may report a pattern that does not match; reported patterns are checked one by one. A group without
//! room in its cache gives up, and each of its patterns is tried alone: by a DFA again, and if that gives up too, step
//! by step.

use std::sync::{Mutex, PoisonError};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::{Input, MatchKind, PatternSet};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Look};

use super::simulation::{self, OutOfSteps, Steps};
use crate::Error;

/// The longest pattern.
const PATTERN_BYTES_MAX: usize = 8 * 1024;
/// The most memory of one pattern's automaton.
const PATTERN_NFA_BYTES_MAX: usize = 64 * 1024;
/// The most patterns of one group, and the most memory of their automata.
const GROUP_PATTERNS_MAX: usize = 64;
const GROUP_NFA_BYTES_MAX: usize = 256 * 1024;
/// The memory of a DFA's states. A group gives up after filling it this often with states that were used for few bytes.
const DFA_CACHE_BYTES: usize = 512 * 1024;
const DFA_CLEARS_MAX: usize = 3;
const DFA_BYTES_PER_STATE_MIN: usize = 10;
/// The number of caches that a group keeps for its next texts.
const IDLE_CACHES_MAX: usize = 2;

/// A regular expression of a rule.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The index of its rule.
    rule: usize,
    hir: Hir,
    nfa: NFA,
    /// True if the group's DFA alone decides whether the pattern matches.
    exact: bool,
}

/// Several patterns, in the order of their rules.
#[derive(Debug)]
pub(super) struct PatternGroup {
    patterns: Vec<Pattern>,
    filter: DFA,
    idle: Mutex<Vec<Cache>>,
}

/// A group's result for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupMatch {
    None,
    /// The pattern of this rule matches.
    Rule(usize),
    /// The step limit was reached before the result for this rule's pattern was known; no earlier pattern matches.
    Undecided(usize),
}

impl Pattern {
    /// The pattern of the rule with this index.
    pub(super) fn new(rule: usize, pattern: &str, flags: &[String]) -> Result<Self, Error> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(Error::RuleTooLarge(format!("a pattern may have {PATTERN_BYTES_MAX} bytes at most")));
        }
        let mut parser = ParserBuilder::new();
        for flag in flags {
            match flag.as_str() {
                "i" => parser.case_insensitive(true),
                "m" => parser.multi_line(true),
                "s" => parser.dot_matches_new_line(true),
                other => return Err(Error::Rule(format!("unknown flag `{other}`"))),
            };
        }
        let hir = parser.build().parse(pattern).map_err(|error| Error::Rule(error.to_string()))?;
        let nfa = compile(&hir)?;
        let exact = !hir.properties().look_set().contains_word_unicode();
        Ok(Self { rule, hir, nfa, exact })
    }

    fn is_match(&self, text: &str, steps: &mut Steps) -> Result<bool, OutOfSteps> {
        if self.exact || text.is_ascii() {
            let dfa = DFA::builder().configure(lazy().unicode_word_boundary(true)).build_from_nfa(self.nfa.clone());
            if let Ok(dfa) = dfa
                && let Ok(found) = dfa.try_search_fwd(&mut dfa.create_cache(), &Input::new(text).earliest(true))
            {
                return Ok(found.is_some());
            }
        }
        simulation::is_match(&self.nfa, text.as_bytes(), steps)
    }

    /// The approximate bytes on the heap: a parsed pattern is about as large as its automaton.
    pub(super) fn memory_usage(&self) -> usize {
        2 * self.nfa.memory_usage() + size_of::<Self>()
    }
}

impl PatternGroup {
    /// Groups patterns in the order of their rules. Takes as many as fit in one group; the rest stays.
    pub(super) fn take(
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
            |error: &dyn std::fmt::Display| Error::Rule(format!("the patterns could not be compiled: {error}"));
        let hirs: Vec<Hir> = patterns.iter().map(|pattern| without_unicode_boundaries(&pattern.hir)).collect();
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().utf8(false).which_captures(WhichCaptures::None))
            .build_many_from_hir(&hirs)
            .map_err(|error| failed(&error))?;
        let filter = DFA::builder()
            .configure(lazy().match_kind(MatchKind::All))
            .build_from_nfa(nfa)
            .map_err(|error| failed(&error))?;
        Ok(Self { patterns, filter, idle: Mutex::default() })
    }

    /// The index of the first rule.
    pub(super) fn first_rule(&self) -> usize {
        self.patterns.first().map_or(usize::MAX, |pattern| pattern.rule)
    }

    /// The first rule with an index below `before` whose pattern matches.
    pub(super) fn find(&self, text: &str, before: usize, steps: &mut Steps) -> GroupMatch {
        let mut candidates = PatternSet::new(self.patterns.len());
        let filtered = self.with_cache(|cache| {
            self.filter.try_which_overlapping_matches(cache, &Input::new(text), &mut candidates).is_ok()
        });
        for (index, pattern) in self.patterns.iter().enumerate().take_while(|(_, pattern)| pattern.rule < before) {
            let candidate = regex_automata::PatternID::new(index).is_ok_and(|id| candidates.contains(id));
            if filtered && !candidate {
                continue;
            }
            if candidate && pattern.exact {
                return GroupMatch::Rule(pattern.rule);
            }
            match pattern.is_match(text, steps) {
                Ok(true) => return GroupMatch::Rule(pattern.rule),
                Ok(false) => {}
                Err(OutOfSteps) => return GroupMatch::Undecided(pattern.rule),
            }
        }
        GroupMatch::None
    }

    fn with_cache<T>(&self, search: impl FnOnce(&mut Cache) -> T) -> T {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut cache = idle.unwrap_or_else(|| self.filter.create_cache());
        let found = search(&mut cache);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CACHES_MAX {
            idle.push(cache);
        }
        found
    }

    /// The most bytes that it takes on the heap, with full caches.
    pub(super) fn memory_usage(&self) -> usize {
        let patterns: usize = self.patterns.iter().map(Pattern::memory_usage).sum();
        patterns + self.filter.memory_usage() + self.filter.get_nfa().memory_usage() + IDLE_CACHES_MAX * DFA_CACHE_BYTES
    }
}

fn compile(hir: &Hir) -> Result<NFA, Error> {
    let config = thompson::Config::new()
        .utf8(false)
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(PATTERN_NFA_BYTES_MAX));
    let compiled = thompson::Compiler::new().configure(config).build_from_hir(hir);
    compiled.map_err(|error| match error.size_limit() {
        Some(_) => Error::RuleTooLarge("the pattern is too large: it repeats too much".into()),
        None => Error::Rule(error.to_string()),
    })
}

fn lazy() -> regex_automata::hybrid::dfa::Config {
    DFA::config()
        .cache_capacity(DFA_CACHE_BYTES)
        .skip_cache_capacity_check(true)
        .minimum_cache_clear_count(Some(DFA_CLEARS_MAX))
        .minimum_bytes_per_state(Some(DFA_BYTES_PER_STATE_MIN))
}

/// The pattern without its Unicode word boundaries: it matches everything that the pattern matches, and perhaps more.
fn without_unicode_boundaries(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(
            Look::WordUnicode
            | Look::WordUnicodeNegate
            | Look::WordStartUnicode
            | Look::WordEndUnicode
            | Look::WordStartHalfUnicode
            | Look::WordEndHalfUnicode,
        ) => Hir::empty(),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(without_unicode_boundaries(&repetition.sub));
            Hir::repetition(regex_syntax::hir::Repetition { sub, ..repetition.clone() })
        }
        HirKind::Capture(capture) => without_unicode_boundaries(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(without_unicode_boundaries).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(without_unicode_boundaries).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(patterns: &[&str]) -> Vec<PatternGroup> {
        let patterns: Vec<_> =
            patterns.iter().enumerate().map(|(rule, pattern)| Pattern::new(rule, pattern, &[]).unwrap()).collect();
        let mut patterns = patterns.into_iter().peekable();
        std::iter::from_fn(|| PatternGroup::take(&mut patterns).unwrap()).collect()
    }

    fn find(patterns: &[&str], text: &str) -> GroupMatch {
        let [group] = &groups(patterns)[..] else { panic!("more than one group") };
        group.find(text, usize::MAX, &mut Steps(1_000_000))
    }

    #[test]
    fn the_first_pattern_wins_wherever_it_matches() {
        assert_eq!(find(&["z+", "a", "."], "abcz"), GroupMatch::Rule(0));
        assert_eq!(find(&["z+", "a", "."], "bca"), GroupMatch::Rule(1));
        assert_eq!(find(&["z+", "a", "."], "\n"), GroupMatch::None);
    }

    #[test]
    fn unicode_boundaries_are_checked() {
        let patterns = [r"\bart\b", r"\b{start}é", "x"];
        assert_eq!(find(&patterns, "party"), GroupMatch::None);
        assert_eq!(find(&patterns, "pärty art"), GroupMatch::Rule(0));
        assert_eq!(find(&patterns, "äart x"), GroupMatch::Rule(2));
        assert_eq!(find(&patterns, "café"), GroupMatch::None);
        assert_eq!(find(&patterns, "un été"), GroupMatch::Rule(1));
    }

    /// A text that defeats every DFA with few states.
    fn hard_text(length: usize) -> String {
        use rand::{RngExt as _, SeedableRng, rngs::SmallRng};
        let mut rng = SmallRng::seed_from_u64(7);
        (0..length).map(|_| if rng.random() { '1' } else { '0' }).collect()
    }

    #[test]
    fn hard_patterns_cost_a_bounded_number_of_steps_and_do_not_hide_others() {
        let text = hard_text(32_000) + "needle";
        let hard = "1[01]{200}[^01n]";
        assert_eq!(find(&["needle", hard], &text), GroupMatch::Rule(0));
        assert_eq!(find(&[hard, "needle"], &text), GroupMatch::Undecided(0));
        assert_eq!(find(&["absent", "needle", hard], &text), GroupMatch::Rule(1));
    }

    #[test]
    fn usual_patterns_are_small_enough_and_huge_ones_are_refused() {
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
    fn groups_are_bounded() {
        let many: Vec<String> = (0..200).map(|n| format!("word{n}[a-f]+")).collect();
        let groups = groups(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(groups.iter().map(|group| group.patterns.len()).sum::<usize>(), 200);
        assert!(groups.len() >= 4 && groups.iter().all(|group| group.patterns.len() <= GROUP_PATTERNS_MAX));
        assert_eq!(groups[0].find("a word7b", usize::MAX, &mut Steps(0)), GroupMatch::Rule(7));
    }
}
