//! Events leave a ring in order, or are counted as dropped, whatever the reader does.

mod catching_up;
mod cursors_after_a_leave;
mod torn_cursors;

use std::{collections::VecDeque, sync::Arc};

use proptest::{collection::vec, prelude::*};

use super::{Batch, Bound, Hub, Overflow, Ring, Scope, StreamEnd};
use crate::{
    Error,
    events::{Arrival, Event, EventKinds, Gap, GapReason, Meta, Origin, decode},
    session::StreamId,
};

fn at() -> jiff::Timestamp {
    jiff::Timestamp::UNIX_EPOCH
}

fn event(n: u64) -> Event {
    let payload = format!(r#"{{"total_content":{n},"project_id":"p"}}"#);
    decode("stats_update", &payload, Arrival { origin: Origin::Live, at: at() })
}

fn bound(events: usize) -> Bound {
    Bound { events, bytes: usize::MAX }
}

fn gap(missed: Option<u64>) -> Event {
    Gap::new("p".into(), GapReason::Interrupted, missed, Meta::new(Origin::Live, at())).into()
}

fn number(event: &Event) -> u64 {
    match event {
        Event::StatsUpdate(stats) => stats.total_content,
        other => panic!("{other:?}"),
    }
}

fn take(ring: &Ring, max: usize) -> Batch {
    let mut batch = Batch::default();
    ring.take(max, &mut batch);
    batch
}

fn push(ring: &Ring, events: impl IntoIterator<Item = Event>) -> bool {
    ring.extend(events.into_iter(), &mut Vec::new())
}

#[derive(Debug, Clone)]
enum Op {
    Push(u64),
    Take(usize),
}

proptest! {
    #[test]
    fn every_lost_event_is_counted(
        capacity in 1usize..20,
        newest: bool,
        ops in vec(prop_oneof![(0u64..30).prop_map(Op::Push), (0usize..30).prop_map(Op::Take)], 1..60),
    ) {
        let overflow = if newest { Overflow::DropNewest } else { Overflow::DropOldest };
        let ring = Ring::new(StreamId(0), bound(capacity), overflow, Arc::default());
        let (mut pushed, mut expected) = (0, 0);
        let mut read = |batch: Batch, max: usize| {
            assert!(batch.events.len() <= max.max(1) + 1, "{} of {max}", batch.events.len());
            for event in batch.events {
                match event {
                    // A `Lagged` takes the place of the dropped events, so the next event follows them.
                    Event::Lagged(lagged) => expected += lagged.missed,
                    other => {
                        assert_eq!(number(&other), expected, "out of order, or lost without a report");
                        expected += 1;
                    }
                }
            }
            expected
        };
        for op in ops {
            match op {
                Op::Push(count) => {
                    push(&ring, (pushed..pushed + count).map(event));
                    pushed += count;
                }
                Op::Take(max) => drop(read(take(&ring, max), max)),
            }
        }
        ring.end(StreamEnd::Closed);
        prop_assert!(!push(&ring, [event(999)]), "nothing is accepted after the end");
        let last = take(&ring, usize::MAX);
        prop_assert_eq!(&last.end.as_ref().map(StreamEnd::is_closed), &Some(true));
        prop_assert_eq!(read(last, usize::MAX - 1), pushed);
    }
}

#[test]
fn a_gap_is_reported_even_if_it_does_not_fit() {
    let ring = Ring::new(StreamId(0), bound(2), Overflow::DropOldest, Arc::default());
    push(&ring, [gap(Some(40)), gap(None), event(1), event(2)]);
    let batch = take(&ring, 10);
    assert!(matches!(&batch.events[0], Event::Gap(gap) if gap.missed.is_none()), "{:?}", batch.events[0]);
    assert_eq!(batch.events.iter().skip(1).map(number).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_lagged_event_has_the_time_of_the_last_dropped_event() {
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        let ring = Ring::new(StreamId(0), bound(2), overflow, Arc::default());
        push(
            &ring,
            (1..=5).map(|n| {
                let mut event = event(n);
                event.meta_mut().received_at = jiff::Timestamp::from_second(n as i64).unwrap();
                event
            }),
        );
        let events = take(&ring, 10).events;
        let last = if overflow == Overflow::DropOldest { 3 } else { 5 };
        let notice = events.iter().find(|event| event.name() == "lagged").unwrap();
        assert_eq!(notice.meta().received_at.as_second(), last, "{overflow:?}");
    }
}

#[test]
fn gaps_of_several_projects_are_all_reported() {
    let other = || Event::from(Gap::new("q".into(), GapReason::Expired, Some(1), Meta::new(Origin::Live, at())));
    for overflow in [Overflow::DropOldest, Overflow::DropNewest, Overflow::Replay] {
        let ring = Ring::new(StreamId(0), bound(2), overflow, Arc::default());
        push(&ring, [gap(Some(40)), other(), event(1), event(2), gap(Some(2)), other(), event(3), event(4)]);
        let events = take(&ring, 100).events;
        let missed = |project: &str| {
            let gaps = events.iter().filter_map(|event| if let Event::Gap(gap) = event { Some(gap) } else { None });
            gaps.filter(|gap| gap.project_id == project).map(|gap| gap.missed.unwrap()).sum::<u64>()
        };
        assert_eq!((missed("p"), missed("q")), (42, 2), "{overflow:?}: {events:?}");
    }
}

#[test]
fn an_abandoned_ring_holds_no_events() {
    let ring = Ring::new(StreamId(0), bound(8), Overflow::DropOldest, Arc::default());
    push(&ring, [event(1)]);
    ring.abandon();
    assert!(!push(&ring, [event(2)]));
    assert!(take(&ring, 10).events.is_empty());
}

fn hub() -> Hub {
    Hub::new(bound(8), Overflow::DropOldest)
}

fn project() -> Scope {
    Scope::Project("p".into())
}

#[test]
fn the_first_stream_starts_at_the_join_and_later_ones_when_they_are_created() {
    let hub = hub();
    hub.open("p".into());
    hub.publish(&mut [event(1)].into());
    let first = hub.subscribe(&project(), None);
    let second = hub.subscribe(&project(), None);
    hub.publish(&mut [event(2)].into());
    let numbers = |ring: &Ring| take(ring, 10).events.iter().map(number).collect::<Vec<_>>();
    assert_eq!(numbers(&first), [1, 2]);
    assert_eq!(numbers(&second), [2]);
}

fn update(n: u64) -> Event {
    let payload = format!(
        r#"{{"content_id":"c{n}","status":"approved","project_id":"p","event_id":{n},"meta_data":{{"n":{n}}}}}"#
    );
    let mut update = decode("moderation_update", &payload, Arrival { origin: Origin::Live, at: at() });
    update.meta_mut().log = Some("log".into());
    update
}

proptest! {
    #[test]
    fn a_stream_that_is_not_taken_buffers_the_same_events_as_an_unread_one(
        capacity in 1usize..12,
        overflow in prop_oneof![Just(Overflow::DropOldest), Just(Overflow::DropNewest), Just(Overflow::Replay)],
        runs in vec(vec(0u8..4, 1..8), 1..10),
        max in 1usize..10,
    ) {
        let hubs = [Hub::new(bound(capacity), overflow), Hub::new(bound(capacity), overflow)];
        let clients = hubs.each_ref().map(|hub| {
            hub.open("p".into());
            hub.subscribe(&Scope::Client, None)
        });
        let unread = hubs[1].subscribe(&project(), None);
        let mut n = 0;
        for run in runs {
            let mut make = |kind| {
                n += 1;
                match kind {
                    0 => event(n),
                    1 => gap(Some(n)),
                    _ => update(n),
                }
            };
            let run: VecDeque<_> = run.into_iter().map(&mut make).collect();
            for hub in &hubs {
                hub.publish(&mut run.clone());
            }
        }
        let late = hubs[0].subscribe(&project(), None);
        // Only the number of missed events is compared, because a `Lagged` is created when the reader takes it.
        let told = |ring: &Ring| {
            let events = take(ring, max).events.into_iter();
            events.map(|event| if let Event::Lagged(lost) = event { Err(lost.missed) } else { Ok(event) }).collect::<Vec<_>>()
        };
        loop {
            let next = told(&late);
            prop_assert_eq!(&next, &told(&unread));
            if next.is_empty() {
                break;
            }
        }
        drop(clients);
    }
}

#[test]
fn the_first_stream_yields_complete_events_that_another_reader_also_received() {
    let hub = hub();
    hub.open("p".into());
    let client = hub.subscribe(&Scope::Client, None);
    let before: VecDeque<_> = [update(1), event(2), gap(Some(3)), update(4), update(5)].into();
    hub.publish(&mut before.clone());
    let first = hub.subscribe(&project(), None);
    assert_eq!(take(&client, 10).events, before);
    // In small steps, while other events arrive.
    assert_eq!(take(&first, 2).events, before.range(..2).cloned().collect::<VecDeque<_>>());
    hub.publish(&mut [update(6)].into());
    assert_eq!(take(&first, 2).events, before.range(2..4).cloned().collect::<VecDeque<_>>());
    assert_eq!(take(&first, 10).events, [update(5), update(6)]);
    assert_eq!(take(&client, 10).events, [update(6)]);
}

#[test]
fn a_first_stream_of_one_kind_holds_only_events_of_that_kind_and_losses() {
    let hub = hub();
    hub.open("p".into());
    let other = decode("other", r#"{"project_id":"p"}"#, Arrival { origin: Origin::Live, at: at() });
    hub.publish(&mut [event(1), other.clone(), gap(None)].into());
    let ring = hub.subscribe(&project(), Some(EventKinds::STATS_UPDATE));
    hub.publish(&mut [event(2), other].into());
    let names: Vec<_> = take(&ring, 10).events.iter().map(Event::name).collect();
    assert_eq!(names, ["stats_update", "gap", "stats_update"]);
}

#[test]
fn streams_of_a_failed_project_end_with_its_error_until_it_is_joined_again() {
    let hub = hub();
    hub.open("p".into());
    hub.publish(&mut [event(1)].into());
    hub.end_project("p", Some(Error::closed()));
    hub.publish(&mut [event(2)].into());
    let first = take(&hub.subscribe(&project(), None), 10);
    assert_eq!(first.events.len(), 1);
    assert!(matches!(first.end, Some(StreamEnd::Failed(_))));
    assert!(matches!(take(&hub.subscribe(&project(), None), 10).end, Some(StreamEnd::Failed(_))));
    hub.open("p".into());
    hub.publish(&mut [event(3)].into());
    let again = take(&hub.subscribe(&project(), None), 10);
    assert_eq!((again.events.len(), again.end.is_none()), (1, true));
    // After a leave, the stream ends without an error and without events.
    hub.end_project("p", None);
    assert!(matches!(take(&hub.subscribe(&project(), None), 10).end, Some(StreamEnd::Closed)));
}

#[test]
fn events_without_a_project_go_to_every_project_that_they_may_concern() {
    let hub = hub();
    hub.open("p".into());
    hub.open("q".into());
    let (client, p) = (hub.subscribe(&Scope::Client, None), hub.subscribe(&project(), None));
    let q = hub.subscribe(&Scope::Project("q".into()), None);
    let received = Arrival { origin: Origin::Live, at: at() };
    let notification = decode("system_notification", r#"{"message":"m"}"#, received);
    let stats = decode("stats_update", r#"{"total_content":1}"#, received);
    hub.publish(&mut [event(1), notification, stats].into());
    let names = |ring: &Ring| take(ring, 10).events.iter().map(Event::name).collect::<Vec<_>>();
    assert_eq!(names(&client), ["stats_update", "system_notification", "stats_update"]);
    assert_eq!(names(&p), ["stats_update", "system_notification"]);
    assert_eq!(names(&q), ["system_notification"]);
}
