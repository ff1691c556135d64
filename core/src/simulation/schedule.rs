//! Schedule of actions, which are executed in the order of their times. Actions with the same time are executed in the
//! order in which they were added.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use super::action::ScheduledAction;

#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Time, sequence number and index in `actions` of each action. The heap moves its entries, and therefore
    /// contains indices instead of the large actions.
    queue: BinaryHeap<Reverse<(Duration, u64, usize)>>,
    actions: Vec<Option<ScheduledAction>>,
    /// Indices in `actions` that are not in use.
    free_indices: Vec<usize>,
    last_sequence_number: u64,
}

impl Schedule {
    pub(super) fn add(&mut self, at: Duration, action: ScheduledAction) {
        self.last_sequence_number += 1;
        let index = self.free_indices.pop().unwrap_or_else(|| {
            self.actions.push(None);
            self.actions.len() - 1
        });
        self.actions[index] = Some(action);
        self.queue.push(Reverse((at, self.last_sequence_number, index)));
    }

    pub(super) fn pop(&mut self) -> Option<(Duration, ScheduledAction)> {
        let Reverse((at, _, index)) = self.queue.pop()?;
        self.free_indices.push(index);
        self.actions[index].take().map(|action| (at, action))
    }
}
