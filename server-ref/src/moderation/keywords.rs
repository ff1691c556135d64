//! All keywords of a project in one automaton: one pass over a text finds the deciding rule, however many rules there
//! are.

use std::collections::HashMap;
use std::fmt;

use daachorse::{DoubleArrayAhoCorasick, DoubleArrayAhoCorasickBuilder};

use crate::Error;

/// The keyword that decides, and the rule that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeywordMatch<'a> {
    /// The index of the rule.
    pub(super) rule: usize,
    /// The keyword as the rule's author wrote it.
    pub(super) word: &'a str,
}

/// Keywords with the same comparison: case-sensitive, or in lower case.
pub(super) struct KeywordIndex {
    automaton: DoubleArrayAhoCorasick<u32>,
    keywords: Vec<Keyword>,
}

#[derive(Debug)]
struct Keyword {
    /// The author's spelling.
    word: String,
    rule: usize,
    /// The keyword that decides wherever this one occurs: itself, or one that it contains from an earlier rule.
    decides: u32,
}

/// Collects the keywords of a [`KeywordIndex`].
#[derive(Debug, Default)]
pub(super) struct KeywordIndexBuilder {
    /// Search text to its index in `keywords`.
    seen: HashMap<String, u32>,
    keywords: Vec<Keyword>,
}

impl KeywordIndexBuilder {
    /// Adds a keyword with the search text `pattern`. Rules are added in the order of evaluation, so that the first
    /// rule with a keyword keeps it.
    pub(super) fn push(&mut self, rule: usize, pattern: String, word: String) {
        let index = u32::try_from(self.keywords.len()).unwrap_or(u32::MAX);
        self.seen.entry(pattern).or_insert_with(|| {
            self.keywords.push(Keyword { word, rule, decides: index });
            index
        });
    }

    /// The index; `None` without keywords.
    pub(super) fn build(self) -> Result<Option<KeywordIndex>, Error> {
        let Self { seen, keywords } = self;
        if keywords.is_empty() {
            return Ok(None);
        }
        let mut patterns: Vec<(String, u32)> = seen.into_iter().collect();
        // The automaton must not depend on the order of a hash map.
        patterns.sort_unstable_by(|one, other| one.0.len().cmp(&other.0.len()).then_with(|| one.0.cmp(&other.0)));
        let automaton = DoubleArrayAhoCorasickBuilder::new()
            .build_with_values(patterns.iter().map(|(pattern, index)| (pattern, *index)))
            .map_err(|error| Error::Rule(format!("the keywords could not be compiled: {error}")))?;
        let mut index = KeywordIndex { automaton, keywords };
        // Shorter keywords first, so that the keywords within a keyword are resolved before it.
        for (pattern, own) in &patterns {
            let pattern = pattern.as_bytes();
            // All keywords within it, except itself.
            let inside = [pattern.get(1..), pattern.get(..pattern.len() - 1)];
            let decides = inside.into_iter().flatten().filter_map(|part| index.first(part));
            let decides = decides.chain([*own]).min_by_key(|index_of| index.rule(*index_of)).unwrap_or(*own);
            if let Some(keyword) = index.keywords.get_mut(*own as usize) {
                keyword.decides = decides;
            }
        }
        Ok(Some(index))
    }
}

impl KeywordIndex {
    /// The keyword of the earliest rule among all that occur in the text. Takes time linear in the text: at each
    /// position the longest keyword stands for those that it ends with.
    pub(super) fn find(&self, text: &str) -> Option<KeywordMatch<'_>> {
        let keyword = self.keywords.get(self.first(text.as_bytes())? as usize)?;
        Some(KeywordMatch { rule: keyword.rule, word: &keyword.word })
    }

    fn first(&self, text: &[u8]) -> Option<u32> {
        let mut first = None;
        for found in self.automaton.find_overlapping_no_suffix_iter(text) {
            let decides = self.keywords.get(found.value() as usize)?.decides;
            let rule = self.rule(decides);
            if first.is_none_or(|(other, _)| rule < other) {
                first = Some((rule, decides));
                if rule == 0 {
                    break;
                }
            }
        }
        first.map(|(_, decides)| decides)
    }

    /// The rule of a keyword.
    fn rule(&self, keyword: u32) -> usize {
        self.keywords.get(keyword as usize).map_or(usize::MAX, |keyword| keyword.rule)
    }

    /// Bytes on the heap.
    pub(super) fn memory_usage(&self) -> usize {
        let words: usize = self.keywords.iter().map(|keyword| keyword.word.capacity()).sum();
        self.automaton.heap_bytes() + self.keywords.capacity() * size_of::<Keyword>() + words
    }
}

impl fmt::Debug for KeywordIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeywordIndex").field("keywords", &self.keywords.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng, rngs::SmallRng};

    use super::*;

    fn index(rules: &[&[&str]]) -> KeywordIndex {
        let mut builder = KeywordIndexBuilder::default();
        for (rule, words) in rules.iter().enumerate() {
            for word in *words {
                builder.push(rule, (*word).to_owned(), word.to_uppercase());
            }
        }
        builder.build().unwrap().unwrap()
    }

    #[test]
    fn the_rule_that_is_tried_first_wins_over_the_match_that_ends_first() {
        let index = index(&[&["later"], &["soon", "on"], &["s"]]);
        let rule = |text| index.find(text).map(|found| found.rule);
        assert_eq!(rule("soon, or later"), Some(0));
        assert_eq!(rule("soon"), Some(1));
        assert_eq!(rule("is"), Some(2));
        assert_eq!(rule("never"), None);
        assert_eq!(index.find("it was later").unwrap().word, "LATER");
    }

    #[test]
    fn a_keyword_inside_another_counts() {
        let index = index(&[&["b"], &["abc"], &["c"]]);
        assert_eq!(index.find("xabcx").unwrap().rule, 0);
        assert_eq!(index.find("xc").unwrap().rule, 2);
    }

    /// Random words over two letters, so that they contain and overlap one another.
    #[test]
    fn agrees_with_a_search_word_by_word() {
        let mut rng = SmallRng::seed_from_u64(1);
        let mut word = |max: usize| -> String {
            (0..rng.random_range(1..=max)).map(|_| if rng.random() { 'a' } else { 'b' }).collect()
        };
        for _ in 0..2000 {
            let rules: Vec<Vec<String>> = (0..6).map(|_| vec![word(5), word(7)]).collect();
            let text = word(12);
            let mut builder = KeywordIndexBuilder::default();
            for (rule, words) in rules.iter().enumerate() {
                words.iter().for_each(|word| builder.push(rule, word.clone(), word.clone()));
            }
            let index = builder.build().unwrap().unwrap();
            let expected = rules.iter().position(|words| words.iter().any(|word| text.contains(word.as_str())));
            let found = index.find(&text);
            assert_eq!(found.map(|found| found.rule), expected, "{rules:?} in {text}");
            if let Some(found) = found {
                assert!(text.contains(found.word));
            }
        }
    }
}
