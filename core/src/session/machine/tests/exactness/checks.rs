//! Invariants that are checked after each step and at the end.

use std::time::Duration;

use super::World;
use crate::{
    Cursor, GapReason,
    events::Event,
    session::{Input, machine::tests::rig::Told},
};

impl World {
    /// Compares the streams' new events with the logs.
    pub(super) fn check(&mut self) {
        while let Some(told) = self.rig.told.pop_front() {
            match told {
                Told::ProjectOpened(_) | Told::EndedAll => {}
                Told::StreamStarted(project, cursor) => {
                    let log = &self.logs[&*project];
                    assert_eq!(cursor.log.as_deref(), Some(&*log.name()), "placed in a log that is gone");
                    let reader = self.readers.get_mut(&project).expect("only readers are placed");
                    if let Some(place) = &reader.place {
                        assert_eq!(*place, cursor, "told otherwise by a gap");
                    } else if let Some(asked) = &reader.asked {
                        assert_eq!(asked.event_id, cursor.event_id, "placed elsewhere than asked");
                    }
                    reader.place = Some(cursor);
                }
                Told::Ended(project, error) => {
                    // A join that finds no connection in time ends with an error. The user may then join again.
                    let _ = error;
                    if let Some(place) = self.readers.remove(&project).and_then(|reader| reader.place) {
                        self.left.insert(project, place);
                    }
                }
                Told::Event(event) => self.check_event(&event),
            }
        }
    }

    pub(super) fn check_event(&mut self, event: &Event) {
        let Some(project) = event.project_id().map(ToString::to_string) else { panic!("of no project: {event:?}") };
        // A late event of a project that the user has left belongs to none of its streams.
        let Some(reader) = self.readers.get_mut(&project) else { return };
        let log = &self.logs[&*project];
        match event {
            Event::StatsUpdate(_) => {}
            Event::ModerationUpdate(update) => {
                let id = update.meta.event_id.expect("events of a log have an id");
                let place = reader.place.as_mut().expect("nothing comes before the position");
                assert_eq!(id, place.event_id + 1, "out of order, twice, or one left out");
                assert_eq!(place.log.as_deref(), Some(&*log.name()), "delivered from a log that is gone");
                assert_eq!(update.content_id, log.events[id as usize - 1], "another event than the log's");
                assert_eq!(update.meta.cursor().as_ref().map(Cursor::event_id), Some(id));
                place.event_id = id;
                self.delivered += 1;
            }
            Event::Gap(gap) => {
                self.gaps += 1;
                let to = gap.meta.cursor().expect("a gap in a log has an end");
                assert_eq!(to.log.as_deref(), Some(&*log.name()), "a gap into a log that is gone");
                assert!(to.event_id <= log.head(), "a gap beyond the head");
                let place = reader.place.as_ref().or(reader.asked.as_ref()).expect("a gap begins somewhere");
                match gap.reason {
                    GapReason::LogChanged => assert_ne!(place.log, to.log, "the log has not changed"),
                    GapReason::CursorAhead => assert!(place.log.is_none(), "no log was ever restored"),
                    reason => {
                        assert_eq!(gap.missed, Some(to.event_id - place.event_id), "a gap that does not add up");
                        match reason {
                            GapReason::Expired if !self.skips => assert!(to.event_id < log.oldest, "still in the log"),
                            GapReason::ReplayFailed => assert!(self.flaky, "every page was answered"),
                            GapReason::Expired | GapReason::Interrupted => {
                                assert!(self.skips, "an interruption that a replay could repair");
                            }
                            other => panic!("{other:?} on a server with a log"),
                        }
                    }
                }
                reader.place = Some(to);
            }
            other => panic!("an event that nobody sent: {other:?}"),
        }
    }

    /// Ends all faults, and waits until every reader has received everything.
    pub(super) fn heal(&mut self) {
        self.flaky = false;
        self.rig.cut();
        self.check();
        // The wait lasts up to 20 minutes, because the smallest budget allows ten page requests per minute, and a page
        // may contain only one event.
        for _ in 0..12_000 {
            self.sweep();
            if self.rig.dial.is_some() {
                self.rig.greet();
            }
            self.serve();
            self.carry(usize::MAX);
            if self.rig.sent.is_empty() && self.whole() {
                return;
            }
            self.rig.run(Duration::from_millis(100), |_| {});
            // Without a sign of life, the connection would count as dead.
            self.rig.handle(Input::Activity);
            self.check();
        }
        let places: Vec<_> = self.readers.iter().map(|(project, reader)| (project, &reader.place)).collect();
        let heads: Vec<_> = self.logs.iter().map(|(project, log)| (project, log.name(), log.head())).collect();
        panic!("not whole after minutes without a failure: {places:?} of {heads:?}");
    }

    pub(super) fn whole(&self) -> bool {
        self.readers.iter().all(|(project, reader)| {
            let log = &self.logs[&**project];
            reader
                .place
                .as_ref()
                .is_some_and(|place| place.event_id == log.head() && place.log.as_deref() == Some(&*log.name()))
        })
    }
}
