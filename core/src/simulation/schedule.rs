//! Scheduled actions, ordered by time; those of the same time in the order in which they were added.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use super::world::Action;

#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Time, number of the entry, and index of the action in `actions`: actions are large and are not moved.
    order: BinaryHeap<Reverse<(Duration, u64, usize)>>,
    actions: Vec<Option<Action>>,
    free: Vec<usize>,
    entries: u64,
}

impl Schedule {
    pub(super) fn add(&mut self, at: Duration, action: Action) {
        self.entries += 1;
        let index = self.free.pop().unwrap_or_else(|| {
            self.actions.push(None);
            self.actions.len() - 1
        });
        self.actions[index] = Some(action);
        self.order.push(Reverse((at, self.entries, index)));
    }

    pub(super) fn pop(&mut self) -> Option<(Duration, Action)> {
        let Reverse((at, _, index)) = self.order.pop()?;
        self.free.push(index);
        self.actions[index].take().map(|action| (at, action))
    }
}
