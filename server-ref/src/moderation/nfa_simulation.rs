//! Step-by-step matching of patterns for which faster methods fail, with a limit on the number of steps.

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;

/// The number of steps that are left for matching one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StepBudget(pub(super) u64);

/// The error for a match that needs more steps than are left.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfSteps;

impl StepBudget {
    fn spend_one(&mut self) -> Result<(), OutOfSteps> {
        self.0 = self.0.checked_sub(1).ok_or(OutOfSteps)?;
        Ok(())
    }
}

/// Returns true if the pattern matches anywhere in the text.
///
/// The simulation follows all active states of the automaton at once. Each active state costs one or two steps per byte, so a
/// text of n bytes and a pattern with m states take at most about 2 · n · m steps. Most patterns take far fewer.
pub(super) fn is_match(nfa: &NFA, text: &[u8], steps: &mut StepBudget) -> Result<bool, OutOfSteps> {
    let mut simulation = NfaSimulation {
        nfa,
        text,
        active_states: Vec::new(),
        entered_at: vec![usize::MAX; nfa.states().len()],
        pending_states: Vec::new(),
    };
    simulation.run(steps)
}

struct NfaSimulation<'a> {
    nfa: &'a NFA,
    text: &'a [u8],
    /// The active states that consume a byte.
    active_states: Vec<StateID>,
    /// The position in the text at which each state was last entered, or `usize::MAX` if it was never entered.
    entered_at: Vec<usize>,
    /// A stack of states that remain to be entered at the current position.
    pending_states: Vec<StateID>,
}

impl NfaSimulation<'_> {
    fn run(&mut self, steps: &mut StepBudget) -> Result<bool, OutOfSteps> {
        let mut states = Vec::new();
        if self.enter(self.nfa.start_unanchored(), 0, steps)? {
            return Ok(true);
        }
        for (at, byte) in self.text.iter().enumerate() {
            std::mem::swap(&mut self.active_states, &mut states);
            for state in states.drain(..) {
                steps.spend_one()?;
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
            if self.active_states.is_empty() {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Enters a state, and all states that can be reached from it without consuming a byte. Returns true if the pattern matches.
    fn enter(&mut self, state: StateID, at: usize, steps: &mut StepBudget) -> Result<bool, OutOfSteps> {
        self.pending_states.push(state);
        while let Some(state) = self.pending_states.pop() {
            match self.entered_at.get_mut(state.as_usize()) {
                Some(last) if *last != at => *last = at,
                _ => continue,
            }
            steps.spend_one()?;
            match self.nfa.state(state) {
                State::Match { .. } => return Ok(true),
                State::Look { look, next } => {
                    if self.nfa.look_matcher().matches(*look, self.text, at) {
                        self.pending_states.push(*next);
                    }
                }
                State::Union { alternates } => self.pending_states.extend(alternates.iter().rev()),
                State::BinaryUnion { alt1, alt2 } => self.pending_states.extend([*alt2, *alt1]),
                State::Capture { next, .. } => self.pending_states.push(*next),
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => self.active_states.push(state),
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
                let found = is_match(&nfa, text.as_bytes(), &mut StepBudget(100_000));
                assert_eq!(found, Ok(regex.is_match(text)), "{pattern} in {text}");
            }
        }
    }

    #[test]
    fn matching_fails_when_no_steps_are_left() {
        let nfa = NFA::new("1[01]{200}[^01]").unwrap();
        let text = "01".repeat(16_000);
        let mut steps = StepBudget(1_000_000);
        assert_eq!(is_match(&nfa, text.as_bytes(), &mut steps), Err(OutOfSteps));
        assert_eq!(steps, StepBudget(0));
    }
}
