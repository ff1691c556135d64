//! What was handed to a stream's ring, in order: what its reader is given must be that, and each `Lagged` must stand for
//! exactly what was dropped in its place.

use std::collections::VecDeque;

use crate::events::Event;

#[derive(Debug, PartialEq, Eq)]
struct Item {
    name: &'static str,
    event_id: Option<u64>,
    text: String,
}

impl Item {
    fn of(event: &Event) -> Self {
        let meta = event.meta();
        let text = match event {
            Event::Gap(gap) => format!("{:?}", (gap.reason, gap.missed)),
            _ => meta.payload.as_ref().map(|payload| payload.as_str().to_owned()).unwrap_or_default(),
        };
        Self { name: event.name(), event_id: meta.event_id, text }
    }
}

/// Each with how much it counts when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Shadow(VecDeque<(Item, u64)>);

impl Shadow {
    pub(super) fn hand(&mut self, event: &Event) {
        let weight = match event {
            Event::Gap(gap) => gap.missed.unwrap_or(1),
            _ => 1,
        };
        self.0.push_back((Item::of(event), weight));
    }

    /// Returns how many events it says were dropped.
    pub(super) fn see(&mut self, event: &Event) -> u64 {
        if let Event::Lagged(lagged) = event {
            let mut left = lagged.missed;
            while left > 0 {
                let Some((item, weight)) = self.0.pop_front() else { panic!("{lagged:?}: more than there was") };
                left = left.checked_sub(weight).unwrap_or_else(|| panic!("{lagged:?} does not add up at {item:?}"));
            }
            return lagged.missed;
        }
        match self.0.pop_front() {
            Some((item, _)) => assert_eq!(item, Item::of(event), "LOST OR OUT OF ORDER in the ring"),
            None => panic!("TWICE: more than was handed out: {event:?}"),
        }
        0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
