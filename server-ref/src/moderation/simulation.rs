//! Step-by-step matching of a pattern, with a bound on the steps, for patterns that defeat faster methods.

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;

/// The remaining steps of matching one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps(pub(super) u64);

/// No steps are left.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfSteps;

impl Steps {
    fn take(&mut self) -> Result<(), OutOfSteps> {
        self.0 = self.0.checked_sub(1).ok_or(OutOfSteps)?;
        Ok(())
    }
}

/// True if the pattern matches anywhere in the text.
///
/// Follows all states of the automaton at once: each active state after a byte costs a step or two, so a text of n
/// bytes and a pattern of m states take at most about 2 · n · m steps, and far fewer for most patterns.
pub(super) fn is_match(nfa: &NFA, text: &[u8], steps: &mut Steps) -> Result<bool, OutOfSteps> {
    let mut simulation =
        Simulation { nfa, text, states: Vec::new(), entered: vec![usize::MAX; nfa.states().len()], stack: Vec::new() };
    simulation.run(steps)
}

struct Simulation<'a> {
    nfa: &'a NFA,
    text: &'a [u8],
    /// The active states of the automaton, without those that need no byte.
    states: Vec<StateID>,
    /// The position in the text at which each state was last entered.
    entered: Vec<usize>,
    stack: Vec<StateID>,
}

impl Simulation<'_> {
    fn run(&mut self, steps: &mut Steps) -> Result<bool, OutOfSteps> {
        let mut states = Vec::new();
        if self.enter(self.nfa.start_unanchored(), 0, steps)? {
            return Ok(true);
        }
        for (at, byte) in self.text.iter().enumerate() {
            std::mem::swap(&mut self.states, &mut states);
            for state in states.drain(..) {
                steps.take()?;
                let target = match self.nfa.state(state) {
                    State::ByteRange { trans } => trans.matches_byte(*byte).then_some(trans.next),
                    State::Sparse(sparse) => sparse.matches_byte(*byte),
                    State::Dense(dense) => dense.matches_byte(*byte),
                    _ => None,
                };
                if let Some(target) = target
                    && self.enter(target, at + 1, steps)?
                {
                    return Ok(true);
                }
            }
            if self.states.is_empty() {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Enters a state and those reachable from it without a byte. True: the pattern matches.
    fn enter(&mut self, state: StateID, at: usize, steps: &mut Steps) -> Result<bool, OutOfSteps> {
        self.stack.push(state);
        while let Some(state) = self.stack.pop() {
            match self.entered.get_mut(state.as_usize()) {
                Some(last) if *last != at => *last = at,
                _ => continue,
            }
            steps.take()?;
            match self.nfa.state(state) {
                State::Match { .. } => return Ok(true),
                State::Look { look, next } => {
                    if self.nfa.look_matcher().matches(*look, self.text, at) {
                        self.stack.push(*next);
                    }
                }
                State::Union { alternates } => self.stack.extend(alternates.iter().rev()),
                State::BinaryUnion { alt1, alt2 } => self.stack.extend([*alt2, *alt1]),
                State::Capture { next, .. } => self.stack.push(*next),
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => self.states.push(state),
                State::Fail => {}
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use regex_automata::nfa::thompson::NFA;

    use super::*;

    #[test]
    fn agrees_with_the_regex_crate() {
        let patterns = [
            r"a+b",
            r"^a",
            r"b$",
            r"(?m)^b$",
            r"\bfoo\b",
            r"\Bo",
            r"(a|ab)(c|bcd)",
            r"[^a]{2,3}x",
            "",
            r"(?i)straße",
            r"\w{3}\d",
            r"(?-u:\b)é",
            r"ö\b",
            r"(?s)a.b",
            r"x*",
            r"(a*)*b",
            r"\b{start}ünï",
        ];
        let texts = [
            "", "a", "ab", "aab", "foo", "afoo", "a\nb", "x\nb\ny", "abcd", "STRASSE", "STRAßE", "abc1", "é", "zö",
            "ünï", "bbx",
        ];
        for pattern in patterns {
            let nfa = NFA::new(pattern).unwrap();
            let regex = regex::Regex::new(pattern).unwrap();
            for text in texts {
                let found = is_match(&nfa, text.as_bytes(), &mut Steps(100_000));
                assert_eq!(found, Ok(regex.is_match(text)), "{pattern} in {text}");
            }
        }
    }

    #[test]
    fn ends_without_steps() {
        let nfa = NFA::new("1[01]{200}[^01]").unwrap();
        let text = "01".repeat(16_000);
        let mut steps = Steps(1_000_000);
        assert_eq!(is_match(&nfa, text.as_bytes(), &mut steps), Err(OutOfSteps));
        assert_eq!(steps, Steps(0));
    }
}
