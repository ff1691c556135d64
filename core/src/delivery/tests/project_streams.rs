//! The first stream of a project yields the events since the join, and later streams yield those since their creation.

use std::collections::VecDeque;

use proptest::{collection::vec, prelude::*};

use super::{
    Arrival, Error, Event, EventKinds, Hub, Origin, Overflow, StreamBuffer, StreamEnd, StreamScope, decode, epoch,
    gap_event, limits, stats_event, stats_number, take_batch,
};

fn new_hub() -> Hub {
    Hub::new(limits(8), Overflow::DropOldest)
}

fn project_scope() -> StreamScope {
    StreamScope::Project("p".into())
}

#[test]
fn the_first_stream_starts_at_the_join_and_later_ones_when_they_are_created() {
    let hub = new_hub();
    hub.open_project("p".into());
    hub.publish(&mut [stats_event(1)].into());
    let first = hub.subscribe(&project_scope(), None);
    let second = hub.subscribe(&project_scope(), None);
    hub.publish(&mut [stats_event(2)].into());
    let numbers = |buffer: &StreamBuffer| take_batch(buffer, 10).events.iter().map(stats_number).collect::<Vec<_>>();
    assert_eq!(numbers(&first), [1, 2]);
    assert_eq!(numbers(&second), [2]);
}

fn moderation_event(n: u64) -> Event {
    let payload = format!(
        r#"{{"content_id":"c{n}","status":"approved","project_id":"p","event_id":{n},"meta_data":{{"n":{n}}}}}"#
    );
    let mut update = decode("moderation_update", &payload, Arrival { origin: Origin::Live, at: epoch() });
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
        let hubs = [Hub::new(limits(capacity), overflow), Hub::new(limits(capacity), overflow)];
        let clients = hubs.each_ref().map(|hub| {
            hub.open_project("p".into());
            hub.subscribe(&StreamScope::AllProjects, None)
        });
        let unread = hubs[1].subscribe(&project_scope(), None);
        let mut n = 0;
        for run in runs {
            let mut make = |kind| {
                n += 1;
                match kind {
                    0 => stats_event(n),
                    1 => gap_event(Some(n)),
                    _ => moderation_event(n),
                }
            };
            let run: VecDeque<_> = run.into_iter().map(&mut make).collect();
            for hub in &hubs {
                hub.publish(&mut run.clone());
            }
        }
        let late = hubs[0].subscribe(&project_scope(), None);
        // Two `Lagged` events are compared only by their numbers of missed events.
        let read_events = |buffer: &StreamBuffer| {
            let events = take_batch(buffer, max).events.into_iter();
            let outcomes = events.map(|event| match event {
                Event::Lagged(lagged) => Err(lagged.missed),
                other => Ok(other),
            });
            outcomes.collect::<Vec<_>>()
        };
        loop {
            let next = read_events(&late);
            prop_assert_eq!(&next, &read_events(&unread));
            if next.is_empty() {
                break;
            }
        }
        drop(clients);
    }
}

#[test]
fn the_first_stream_yields_complete_events_that_another_reader_also_received() {
    let hub = new_hub();
    hub.open_project("p".into());
    let client = hub.subscribe(&StreamScope::AllProjects, None);
    let before: VecDeque<_> =
        [moderation_event(1), stats_event(2), gap_event(Some(3)), moderation_event(4), moderation_event(5)].into();
    hub.publish(&mut before.clone());
    let first = hub.subscribe(&project_scope(), None);
    assert_eq!(take_batch(&client, 10).events, before);
    // The first stream is read in small steps while another event arrives.
    assert_eq!(take_batch(&first, 2).events, before.range(..2).cloned().collect::<VecDeque<_>>());
    hub.publish(&mut [moderation_event(6)].into());
    assert_eq!(take_batch(&first, 2).events, before.range(2..4).cloned().collect::<VecDeque<_>>());
    assert_eq!(take_batch(&first, 10).events, [moderation_event(5), moderation_event(6)]);
    assert_eq!(take_batch(&client, 10).events, [moderation_event(6)]);
}

#[test]
fn a_first_stream_of_one_kind_holds_only_events_of_that_kind_and_losses() {
    let hub = new_hub();
    hub.open_project("p".into());
    let other = decode("other", r#"{"project_id":"p"}"#, Arrival { origin: Origin::Live, at: epoch() });
    hub.publish(&mut [stats_event(1), other.clone(), gap_event(None)].into());
    let buffer = hub.subscribe(&project_scope(), Some(EventKinds::STATS_UPDATE));
    hub.publish(&mut [stats_event(2), other].into());
    let names: Vec<_> = take_batch(&buffer, 10).events.iter().map(Event::name).collect();
    assert_eq!(names, ["stats_update", "gap", "stats_update"]);
}

#[test]
fn streams_of_a_failed_project_end_with_its_error_until_it_is_joined_again() {
    let hub = new_hub();
    hub.open_project("p".into());
    hub.publish(&mut [stats_event(1)].into());
    hub.end_project("p", Some(Error::closed()));
    hub.publish(&mut [stats_event(2)].into());
    let first = take_batch(&hub.subscribe(&project_scope(), None), 10);
    assert_eq!(first.events.len(), 1);
    assert!(matches!(first.end, Some(StreamEnd::Failed(_))));
    assert!(matches!(take_batch(&hub.subscribe(&project_scope(), None), 10).end, Some(StreamEnd::Failed(_))));
    hub.open_project("p".into());
    hub.publish(&mut [stats_event(3)].into());
    let again = take_batch(&hub.subscribe(&project_scope(), None), 10);
    assert_eq!((again.events.len(), again.end.is_none()), (1, true));
    // After a leave, a new stream ends without an error and without events.
    hub.end_project("p", None);
    assert!(matches!(take_batch(&hub.subscribe(&project_scope(), None), 10).end, Some(StreamEnd::Closed)));
}

#[test]
fn events_without_a_project_go_to_every_project_that_they_may_concern() {
    let hub = new_hub();
    hub.open_project("p".into());
    hub.open_project("q".into());
    let (client, p) = (hub.subscribe(&StreamScope::AllProjects, None), hub.subscribe(&project_scope(), None));
    let q = hub.subscribe(&StreamScope::Project("q".into()), None);
    let received = Arrival { origin: Origin::Live, at: epoch() };
    let notification = decode("system_notification", r#"{"message":"m"}"#, received);
    let stats = decode("stats_update", r#"{"total_content":1}"#, received);
    hub.publish(&mut [stats_event(1), notification, stats].into());
    let names = |buffer: &StreamBuffer| take_batch(buffer, 10).events.iter().map(Event::name).collect::<Vec<_>>();
    assert_eq!(names(&client), ["stats_update", "system_notification", "stats_update"]);
    assert_eq!(names(&p), ["stats_update", "system_notification"]);
    assert_eq!(names(&q), ["system_notification"]);
}
