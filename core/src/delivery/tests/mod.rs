//! Events leave a buffer in order, or are counted as dropped, whatever the reader does.

mod catching_up;
mod cursors_after_a_leave;
mod project_streams;
mod torn_cursors;

use std::sync::Arc;

use proptest::{collection::vec, prelude::*};

use super::{BufferLimits, EventBatch, Hub, Overflow, StreamBuffer, StreamEnd, StreamScope};
use crate::{
    Error,
    events::{Arrival, Event, EventKinds, Gap, GapReason, Meta, Origin, decode},
    session::StreamId,
};

fn epoch() -> jiff::Timestamp {
    jiff::Timestamp::UNIX_EPOCH
}

fn stats_event(n: u64) -> Event {
    let payload = format!(r#"{{"total_content":{n},"project_id":"p"}}"#);
    decode("stats_update", &payload, Arrival { origin: Origin::Live, at: epoch() })
}

fn limits(events: usize) -> BufferLimits {
    BufferLimits { events, bytes: usize::MAX }
}

fn gap_event(missed: Option<u64>) -> Event {
    Gap::new("p".into(), GapReason::Interrupted, missed, Meta::new(Origin::Live, epoch())).into()
}

fn stats_number(event: &Event) -> u64 {
    match event {
        Event::StatsUpdate(stats) => stats.total_content,
        other => panic!("{other:?}"),
    }
}

fn take_batch(buffer: &StreamBuffer, max: usize) -> EventBatch {
    let mut batch = EventBatch::default();
    buffer.take(max, &mut batch);
    batch
}

fn push_events(buffer: &StreamBuffer, events: impl IntoIterator<Item = Event>) -> bool {
    buffer.push_all(events.into_iter(), &mut Vec::new())
}

#[derive(Debug, Clone)]
enum BufferOperation {
    Push(u64),
    Take(usize),
}

fn buffer_operation() -> impl Strategy<Value = BufferOperation> {
    prop_oneof![(0u64..30).prop_map(BufferOperation::Push), (0usize..30).prop_map(BufferOperation::Take)]
}

proptest! {
    #[test]
    fn every_lost_event_is_counted(
        capacity in 1usize..20,
        newest: bool,
        operations in vec(buffer_operation(), 1..60),
    ) {
        let overflow = if newest { Overflow::DropNewest } else { Overflow::DropOldest };
        let buffer = StreamBuffer::new(StreamId(0), limits(capacity), overflow, Arc::default());
        let (mut pushed, mut expected) = (0, 0);
        let mut read = |batch: EventBatch, max: usize| {
            assert!(batch.events.len() <= max.max(1) + 1, "{} of {max}", batch.events.len());
            for event in batch.events {
                match event {
                    // The events are numbered consecutively, so the number of the next event is higher by `missed`.
                    Event::Lagged(lagged) => expected += lagged.missed,
                    other => {
                        assert_eq!(stats_number(&other), expected, "out of order, or lost without a report");
                        expected += 1;
                    }
                }
            }
            expected
        };
        for operation in operations {
            match operation {
                BufferOperation::Push(count) => {
                    push_events(&buffer, (pushed..pushed + count).map(stats_event));
                    pushed += count;
                }
                BufferOperation::Take(max) => drop(read(take_batch(&buffer, max), max)),
            }
        }
        buffer.end(StreamEnd::Closed);
        prop_assert!(!push_events(&buffer, [stats_event(999)]), "nothing is accepted after the end");
        let last = take_batch(&buffer, usize::MAX);
        prop_assert_eq!(&last.end.as_ref().map(StreamEnd::has_no_error), &Some(true));
        prop_assert_eq!(read(last, usize::MAX - 1), pushed);
    }
}

#[test]
fn a_gap_is_reported_even_if_it_does_not_fit() {
    let buffer = StreamBuffer::new(StreamId(0), limits(2), Overflow::DropOldest, Arc::default());
    push_events(&buffer, [gap_event(Some(40)), gap_event(None), stats_event(1), stats_event(2)]);
    let batch = take_batch(&buffer, 10);
    assert!(matches!(&batch.events[0], Event::Gap(gap) if gap.missed.is_none()), "{:?}", batch.events[0]);
    assert_eq!(batch.events.iter().skip(1).map(stats_number).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_lagged_event_has_the_time_of_the_last_dropped_event() {
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        let buffer = StreamBuffer::new(StreamId(0), limits(2), overflow, Arc::default());
        push_events(
            &buffer,
            (1..=5).map(|n| {
                let mut event = stats_event(n);
                event.meta_mut().received_at = jiff::Timestamp::from_second(n as i64).unwrap();
                event
            }),
        );
        let events = take_batch(&buffer, 10).events;
        let last = if overflow == Overflow::DropOldest { 3 } else { 5 };
        let notice = events.iter().find(|event| event.name() == "lagged").unwrap();
        assert_eq!(notice.meta().received_at.as_second(), last, "{overflow:?}");
    }
}

#[test]
fn gaps_of_several_projects_are_all_reported() {
    let other = || Event::from(Gap::new("q".into(), GapReason::Expired, Some(1), Meta::new(Origin::Live, epoch())));
    for overflow in [Overflow::DropOldest, Overflow::DropNewest, Overflow::Replay] {
        let buffer = StreamBuffer::new(StreamId(0), limits(2), overflow, Arc::default());
        push_events(
            &buffer,
            [
                gap_event(Some(40)),
                other(),
                stats_event(1),
                stats_event(2),
                gap_event(Some(2)),
                other(),
                stats_event(3),
                stats_event(4),
            ],
        );
        let events = take_batch(&buffer, 100).events;
        let missed = |project: &str| {
            let gaps = events.iter().filter_map(|event| if let Event::Gap(gap) = event { Some(gap) } else { None });
            gaps.filter(|gap| gap.project_id == project).map(|gap| gap.missed.unwrap()).sum::<u64>()
        };
        assert_eq!((missed("p"), missed("q")), (42, 2), "{overflow:?}: {events:?}");
    }
}

#[test]
fn an_abandoned_buffer_holds_no_events() {
    let buffer = StreamBuffer::new(StreamId(0), limits(8), Overflow::DropOldest, Arc::default());
    push_events(&buffer, [stats_event(1)]);
    buffer.abandon();
    assert!(!push_events(&buffer, [stats_event(2)]));
    assert!(take_batch(&buffer, 10).events.is_empty());
}
