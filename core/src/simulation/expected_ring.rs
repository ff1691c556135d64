//! Events handed to a stream's ring, in order: its reader must receive exactly these, and each `Lagged` must stand for
//! exactly what was dropped in its place.

use std::collections::VecDeque;

use crate::events::{Event, ProjectId};

#[derive(Debug, PartialEq, Eq)]
struct Item {
    name: &'static str,
    event_id: Option<u64>,
    project: Option<ProjectId>,
    text: String,
}

impl Item {
    fn of(event: &Event) -> Self {
        let meta = event.meta();
        let text = match event {
            Event::Gap(gap) => format!("{:?}", (gap.reason, gap.missed)),
            _ => meta.payload.as_ref().map(|payload| payload.as_str().to_owned()).unwrap_or_default(),
        };
        Self { name: event.name(), event_id: meta.event_id, project: meta.project_id.clone(), text }
    }
}

/// Events handed over and not received yet. Dropped gaps are reported as one, before the [`Lagged`].
#[derive(Debug, Default)]
pub(super) struct ExpectedRing {
    items: VecDeque<Item>,
    /// True if an early gap stands for those among the dropped events.
    gap_reported: bool,
    /// Dropped events with an id, since the last look.
    pub(super) dropped: Vec<(ProjectId, u64)>,
}

impl ExpectedRing {
    pub(super) fn record(&mut self, event: &Event) {
        self.items.push_back(Item::of(event));
    }

    fn next_is_gap(&self) -> bool {
        self.items.front().is_some_and(|item| item.name == "gap")
    }

    fn skip_gaps(&mut self) {
        while self.gap_reported && self.next_is_gap() {
            self.items.pop_front();
        }
    }

    /// Checks the next event; returns the number of events that it reports as dropped.
    pub(super) fn check(&mut self, event: &Event) -> u64 {
        match event {
            Event::Lagged(lagged) => {
                for _ in 0..lagged.missed {
                    self.skip_gaps();
                    let dropped = self.items.pop_front();
                    let dropped = dropped.filter(|item| item.name != "gap");
                    let dropped = dropped.unwrap_or_else(|| panic!("{lagged:?} does not add up"));
                    self.dropped.extend(dropped.project.zip(dropped.event_id));
                }
                return lagged.missed;
            }
            Event::Gap(_) => {
                let is_known = self.items.iter().any(|item| item.name == "gap");
                assert!(is_known, "a gap that nobody handed out: {event:?}");
                if self.items.front() == Some(&Item::of(event)) {
                    self.items.pop_front();
                }
                // The gap may stand for others that were dropped after it.
                self.gap_reported = true;
            }
            _ => {
                self.skip_gaps();
                self.gap_reported = false;
                match self.items.pop_front() {
                    Some(item) => assert_eq!(item, Item::of(event), "LOST OR OUT OF ORDER in the ring"),
                    None => panic!("TWICE: more than was handed out: {event:?}"),
                }
            }
        }
        0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.iter().all(|item| item.name == "gap" && self.gap_reported)
    }
}
