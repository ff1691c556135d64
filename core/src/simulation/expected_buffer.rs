//! Events that were put into a stream's buffer. The reader must receive these events in order, except those that were
//! dropped, and each `Lagged` must report the exact number of events that were dropped at its position.

use std::collections::VecDeque;

use crate::events::{Event, ProjectId};

/// Parts of an event that must be unchanged when the reader receives it.
#[derive(Debug, PartialEq, Eq)]
struct ExpectedEvent {
    name: &'static str,
    event_id: Option<u64>,
    project: Option<ProjectId>,
    text: String,
}

impl ExpectedEvent {
    fn from_event(event: &Event) -> Self {
        let meta = event.meta();
        let text = match event {
            Event::Gap(gap) => format!("{:?}", (gap.reason, gap.missed)),
            _ => meta.payload.as_ref().map(|payload| payload.as_str().to_owned()).unwrap_or_default(),
        };
        Self { name: event.name(), event_id: meta.event_id, project: meta.project_id.clone(), text }
    }
}

/// Events that the reader has not received yet. Dropped gaps are reported as a single gap before the [`Lagged`].
#[derive(Debug, Default)]
pub(super) struct ExpectedBuffer {
    items: VecDeque<ExpectedEvent>,
    /// True if the reader has received a gap that may also stand for dropped gaps.
    has_received_gap: bool,
    /// Project and id of each dropped event that the caller has not collected yet.
    pub(super) dropped_ids: Vec<(ProjectId, u64)>,
}

impl ExpectedBuffer {
    pub(super) fn record(&mut self, event: &Event) {
        self.items.push_back(ExpectedEvent::from_event(event));
    }

    fn next_is_gap(&self) -> bool {
        self.items.front().is_some_and(|item| item.name == "gap")
    }

    fn skip_gaps(&mut self) {
        while self.has_received_gap && self.next_is_gap() {
            self.items.pop_front();
        }
    }

    /// Checks the next event that the reader receives. Returns the number of events that the checked event reports as
    /// dropped.
    pub(super) fn check(&mut self, event: &Event) -> u64 {
        match event {
            Event::Lagged(lagged) => {
                for _ in 0..lagged.missed {
                    self.skip_gaps();
                    let dropped = self.items.pop_front();
                    let dropped = dropped.filter(|item| item.name != "gap");
                    let dropped = dropped.unwrap_or_else(|| panic!("no event was dropped here: {lagged:?}"));
                    self.dropped_ids.extend(dropped.project.zip(dropped.event_id));
                }
                return lagged.missed;
            }
            Event::Gap(_) => {
                let is_known = self.items.iter().any(|item| item.name == "gap");
                assert!(is_known, "a gap that was never put into the buffer: {event:?}");
                if self.items.front() == Some(&ExpectedEvent::from_event(event)) {
                    self.items.pop_front();
                }
                // The gap may also stand for later gaps that were dropped.
                self.has_received_gap = true;
            }
            _ => {
                self.skip_gaps();
                self.has_received_gap = false;
                match self.items.pop_front() {
                    Some(item) => {
                        assert_eq!(item, ExpectedEvent::from_event(event), "LOST OR OUT OF ORDER in the buffer")
                    }
                    None => panic!("TWICE: more events than were put into the buffer: {event:?}"),
                }
            }
        }
        0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.iter().all(|item| item.name == "gap" && self.has_received_gap)
    }
}
