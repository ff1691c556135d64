//! Scheduled actions, ordered by time; those of the same time in the order in which they were added.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use super::world::Act;

#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// Time, number of the entry, and index of the action in `acts`: actions are large and are not moved.
    order: BinaryHeap<Reverse<(Duration, u64, usize)>>,
    acts: Vec<Option<Act>>,
    free: Vec<usize>,
    entries: u64,
}

impl Agenda {
    pub(super) fn enter(&mut self, at: Duration, act: Act) {
        self.entries += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.acts.push(None);
            self.acts.len() - 1
        });
        self.acts[place] = Some(act);
        self.order.push(Reverse((at, self.entries, place)));
    }

    pub(super) fn pop(&mut self) -> Option<(Duration, Act)> {
        let Reverse((at, _, place)) = self.order.pop()?;
        self.free.push(place);
        self.acts[place].take().map(|act| (at, act))
    }
}
