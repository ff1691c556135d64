//! Indexes of a project's keywords. One pass over a text finds the first matching rule of an index, regardless of the number of rules.

use std::collections::HashMap;
use std::fmt;

use daachorse::{DoubleArrayAhoCorasick, DoubleArrayAhoCorasickBuilder};

use crate::Error;

/// The deciding keyword in a text, and the rule that contains the keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeywordMatch<'a> {
    pub(super) rule_index: usize,
    /// The keyword as it is written in the rule.
    pub(super) word: &'a str,
}

/// An index of keywords that are compared in the same way, either case-sensitively or in lower case.
pub(super) struct KeywordIndex {
    automaton: DoubleArrayAhoCorasick<u32>,
    keywords: Vec<Keyword>,
}

#[derive(Debug)]
struct Keyword {
    /// The keyword as it is written in the rule.
    word: String,
    rule_index: usize,
    /// The index of the keyword that decides when this keyword occurs in a text: this keyword itself, or a keyword within it that belongs
    /// to an earlier rule.
    deciding_keyword_index: u32,
}

/// A builder that collects the keywords of a [`KeywordIndex`].
#[derive(Debug, Default)]
pub(super) struct KeywordIndexBuilder {
    /// For each search text, the index of its keyword in `keywords`.
    index_by_search_text: HashMap<String, u32>,
    keywords: Vec<Keyword>,
}

impl KeywordIndexBuilder {
    /// Adds a keyword. Texts are searched for `search_text`, and `word` is the keyword as it is written in the rule.
    ///
    /// Rules must be added in the order of evaluation, because a keyword that several rules contain counts only for the rule that is
    /// added first.
    pub(super) fn add(&mut self, rule_index: usize, search_text: String, word: String) {
        let index = u32::try_from(self.keywords.len()).unwrap_or(u32::MAX);
        self.index_by_search_text.entry(search_text).or_insert_with(|| {
            self.keywords.push(Keyword { word, rule_index, deciding_keyword_index: index });
            index
        });
    }

    /// Builds the index. Returns `None` if there are no keywords.
    pub(super) fn build(self) -> Result<Option<KeywordIndex>, Error> {
        let Self { index_by_search_text, keywords } = self;
        if keywords.is_empty() {
            return Ok(None);
        }
        let mut search_texts: Vec<(String, u32)> = index_by_search_text.into_iter().collect();
        // Sorting makes the automaton independent of the hash map's order.
        search_texts.sort_unstable_by(|one, other| one.0.len().cmp(&other.0.len()).then_with(|| one.0.cmp(&other.0)));
        let automaton = DoubleArrayAhoCorasickBuilder::new()
            .build_with_values(search_texts.iter().map(|(search_text, index)| (search_text, *index)))
            .map_err(|error| Error::InvalidRule(format!("the keywords could not be compiled: {error}")))?;
        let mut index = KeywordIndex { automaton, keywords };
        // Shorter keywords come first, so that the keywords within a keyword are resolved before the keyword itself.
        for (search_text, own) in &search_texts {
            let search_text = search_text.as_bytes();
            // Together, these two parts contain all shorter keywords that occur within this keyword.
            let parts = [search_text.get(1..), search_text.get(..search_text.len() - 1)];
            let candidates = parts.into_iter().flatten().filter_map(|part| index.find_deciding_keyword_index(part));
            let deciding =
                candidates.chain([*own]).min_by_key(|candidate| index.rule_index_of(*candidate)).unwrap_or(*own);
            if let Some(keyword) = index.keywords.get_mut(*own as usize) {
                keyword.deciding_keyword_index = deciding;
            }
        }
        Ok(Some(index))
    }
}

impl KeywordIndex {
    /// Finds the keyword of the earliest rule among all keywords that occur in the text.
    ///
    /// The search takes time linear in the length of the text, because at each position the longest keyword represents all shorter
    /// keywords that end at the same position.
    pub(super) fn find(&self, text: &str) -> Option<KeywordMatch<'_>> {
        let keyword = self.keywords.get(self.find_deciding_keyword_index(text.as_bytes())? as usize)?;
        Some(KeywordMatch { rule_index: keyword.rule_index, word: &keyword.word })
    }

    fn find_deciding_keyword_index(&self, text: &[u8]) -> Option<u32> {
        let mut first = None;
        for found in self.automaton.find_overlapping_no_suffix_iter(text) {
            let deciding = self.keywords.get(found.value() as usize)?.deciding_keyword_index;
            let rule = self.rule_index_of(deciding);
            if first.is_none_or(|(other, _)| rule < other) {
                first = Some((rule, deciding));
                if rule == 0 {
                    break;
                }
            }
        }
        first.map(|(_, deciding)| deciding)
    }

    fn rule_index_of(&self, keyword: u32) -> usize {
        self.keywords.get(keyword as usize).map_or(usize::MAX, |keyword| keyword.rule_index)
    }

    /// Returns the memory use on the heap, in bytes.
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

    fn build_index(rules: &[&[&str]]) -> KeywordIndex {
        let mut builder = KeywordIndexBuilder::default();
        for (rule, words) in rules.iter().enumerate() {
            for word in *words {
                builder.add(rule, (*word).to_owned(), word.to_uppercase());
            }
        }
        builder.build().unwrap().unwrap()
    }

    #[test]
    fn the_first_rule_wins_even_if_the_match_of_another_ends_earlier() {
        let index = build_index(&[&["later"], &["soon", "on"], &["s"]]);
        let rule = |text| index.find(text).map(|found| found.rule_index);
        assert_eq!(rule("soon, or later"), Some(0));
        assert_eq!(rule("soon"), Some(1));
        assert_eq!(rule("is"), Some(2));
        assert_eq!(rule("never"), None);
        assert_eq!(index.find("it was later").unwrap().word, "LATER");
    }

    #[test]
    fn a_keyword_inside_another_keyword_is_found() {
        let index = build_index(&[&["b"], &["abc"], &["c"]]);
        assert_eq!(index.find("xabcx").unwrap().rule_index, 0);
        assert_eq!(index.find("xc").unwrap().rule_index, 2);
    }

    /// The random words consist only of the letters a and b, so that many of them contain or overlap each other.
    #[test]
    fn agrees_with_a_separate_search_for_each_word() {
        let mut rng = SmallRng::seed_from_u64(1);
        let mut word = |max: usize| -> String {
            (0..rng.random_range(1..=max)).map(|_| if rng.random() { 'a' } else { 'b' }).collect()
        };
        for _ in 0..2000 {
            let rules: Vec<Vec<String>> = (0..6).map(|_| vec![word(5), word(7)]).collect();
            let text = word(12);
            let mut builder = KeywordIndexBuilder::default();
            for (rule, words) in rules.iter().enumerate() {
                words.iter().for_each(|word| builder.add(rule, word.clone(), word.clone()));
            }
            let index = builder.build().unwrap().unwrap();
            let expected = rules.iter().position(|words| words.iter().any(|word| text.contains(word.as_str())));
            let found = index.find(&text);
            assert_eq!(found.map(|found| found.rule_index), expected, "{rules:?} in {text}");
            if let Some(found) = found {
                assert!(text.contains(found.word));
            }
        }
    }
}
