//! Tests of the order in which events are published.

use super::*;

#[test]
fn events_are_published_once_and_in_order() {
    for arrivals in [[4, 5, 6, 7, 8], [8, 7, 6, 5, 4], [5, 4, 5, 8, 7], [7, 7, 5, 6, 4]] {
        let mut sequencer = Sequencer::default();
        // One event arrives before the start is known, and another precedes the start.
        assert!(sequencer.push_logged(5, 5).is_empty() && sequencer.push_logged(3, 3).is_empty());
        let mut published = sequencer.start(3);
        for id in arrivals.into_iter().chain([6, 4, 8]) {
            published.extend(sequencer.push_logged(id, id));
        }
        published.extend(sequencer.push_logged(7, 7));
        assert_eq!(published, [4, 5, 6, 7, 8], "{arrivals:?}");
        assert_eq!(sequencer.next_read_at(Instant::now(), Duration::ZERO), None);
    }
}

#[test]
fn a_hole_is_read_once_after_the_grace_time() {
    let (now, grace) = (Instant::now(), Duration::from_millis(50));
    let mut sequencer = Sequencer::default();
    sequencer.start(0);
    assert_eq!((sequencer.next_read_at(now, grace), sequencer.start_read_if_due(now)), (None, None));
    assert!(sequencer.push_logged(3, 3).is_empty());
    assert_eq!((sequencer.next_read_at(now, grace), sequencer.start_read_if_due(now)), (Some(now + grace), None));
    // Later events do not restart the wait.
    assert!(sequencer.push_logged(4, 4).is_empty());
    assert_eq!(sequencer.next_read_at(now + grace, grace), Some(now + grace));
    assert_eq!(sequencer.start_read_if_due(now + grace), Some(0));
    assert_eq!((sequencer.next_read_at(now + grace, grace), sequencer.start_read_if_due(now + grace)), (None, None));
    sequencer.end_read(None);
    assert_eq!((sequencer.push_logged(1, 1), sequencer.push_logged(2, 2)), (vec![1], vec![2, 3, 4]));
    assert_eq!(sequencer.next_read_at(now, grace), None);
}

#[test]
fn an_announced_id_missing_from_the_log_is_read_once() {
    let (now, grace) = (Instant::now(), Duration::from_millis(50));
    for id in [i64::MAX, i64::MAX - 1, 9] {
        let mut sequencer = Sequencer::default();
        sequencer.start(0);
        assert!(sequencer.push_announced(id, "forged").is_empty());
        assert_eq!(sequencer.next_read_at(now, grace), Some(now + grace));
        assert_eq!(sequencer.start_read_if_due(now + grace), Some(0));
        sequencer.end_read(None);
        sequencer.apply_head_of_read(2);
        // The read returns only the events that the log contains.
        assert_eq!(
            (sequencer.push_logged(1, "first"), sequencer.push_logged(2, "second")),
            (vec!["first"], vec!["second"])
        );
        assert_eq!(sequencer.next_read_at(now, grace), None, "{id}");
        let real: Vec<_> = (3..=9).flat_map(|id| sequencer.push_logged(id, "real")).collect();
        assert_eq!(real, ["real"; 7], "{id}");
    }
}

#[test]
fn failed_read_is_retried_no_earlier_than_requested() {
    let (now, delay) = (Instant::now(), Duration::from_millis(250));
    let mut sequencer = Sequencer::default();
    sequencer.start(0);
    sequencer.push_announced(2, 2);
    sequencer.next_read_at(now, Duration::ZERO);
    assert_eq!(sequencer.start_read_if_due(now), Some(0));
    sequencer.end_read(Some(now + delay));
    assert_eq!(
        (sequencer.next_read_at(now, Duration::ZERO), sequencer.start_read_if_due(now)),
        (Some(now + delay), None)
    );
    assert_eq!(sequencer.start_read_if_due(now + delay), Some(0));
    sequencer.end_read(None);
    assert_eq!(sequencer.next_read_at(now + delay, Duration::ZERO), Some(now + delay));
}

#[test]
fn an_announcement_during_a_read_waits_for_the_next_read() {
    let (now, grace) = (Instant::now(), Duration::from_millis(50));
    let mut sequencer = Sequencer::default();
    sequencer.start(0);
    sequencer.push_announced(2, 2);
    sequencer.next_read_at(now, Duration::ZERO);
    assert_eq!(sequencer.start_read_if_due(now), Some(0));
    // Both events were committed after the snapshot that the read sees.
    assert!(sequencer.push_announced(4, 4).is_empty() && sequencer.push_logged(3, 3).is_empty());
    sequencer.end_read(None);
    sequencer.apply_head_of_read(2);
    assert_eq!(sequencer.push_logged(1, 1), [1, 2, 3, 4]);
    assert_eq!(sequencer.next_read_at(now, grace), None);
}

#[test]
fn an_event_of_this_node_is_read_again_after_a_forged_id() {
    let now = Instant::now();
    let mut sequencer = Sequencer::default();
    sequencer.start(0);
    sequencer.push_announced(9, 9);
    sequencer.next_read_at(now, Duration::ZERO);
    assert_eq!(sequencer.start_read_if_due(now), Some(0));
    assert!(sequencer.push_logged(2, 2).is_empty());
    sequencer.end_read(None);
    sequencer.apply_head_of_read(0);
    assert_eq!(sequencer.push_logged(1, 1), [1]);
    sequencer.next_read_at(now, Duration::ZERO);
    assert_eq!(sequencer.start_read_if_due(now), Some(1));
}

#[test]
fn events_that_the_log_no_longer_has_are_skipped() {
    let mut sequencer = Sequencer::default();
    sequencer.start(0);
    assert!(sequencer.push_logged(7, 7).is_empty());
    assert!(sequencer.skip_to(6).is_empty());
    assert_eq!(sequencer.push_logged(6, 6), [6, 7]);
    sequencer.raise_logged_head(9);
    assert!(sequencer.next_read_at(Instant::now(), Duration::ZERO).is_some());
}

#[test]
fn early_events_are_bounded_and_the_first_are_kept() {
    let mut sequencer = Sequencer::default();
    sequencer.start(0);
    for id in (2..5000).rev() {
        sequencer.push_logged(id, id);
    }
    assert_eq!(sequencer.push_logged(1, 1), (1..=1025).collect::<Vec<_>>());
    assert!(sequencer.next_read_at(Instant::now(), Duration::ZERO).is_some());
}
