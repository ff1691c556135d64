//! Servers without an event log. REST recovers decisions that were missed during an interruption. If REST fails, a gap
//! reports the loss.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::{
    property_config,
    rig::{Rig, StreamOutput, quick_reconnect_config},
};
use crate::{
    Error, GapReason,
    events::{Arrival, Event, Origin, decode},
    session::{BackfillData, BackfillQuery, BackfillReply, Input, SessionConfig},
    testing::Emitted,
};

/// Largest difference between the timestamps of two decisions that may be published out of order. Real servers also
/// publish decisions slightly out of order.
const PUBLISH_SKEW_MAX: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
enum NoLogOp {
    Publish(u8),
    DeliverFrames(u8),
    HandleJoins,
    /// Swaps two adjacent frames: two events, or an event and the confirmation of a join.
    SwapFrames(usize),
    DropConnection,
    CompleteHandshake,
    /// Answers the pending backfill requests: completely (0), partly (1), or with an error (2).
    AnswerBackfills(u8),
    RunFor(u64),
}

fn any_op() -> impl Strategy<Value = NoLogOp> {
    prop_oneof![
        8 => (1u8..4).prop_map(NoLogOp::Publish),
        8 => (1u8..6).prop_map(NoLogOp::DeliverFrames),
        6 => Just(NoLogOp::HandleJoins),
        2 => any::<usize>().prop_map(NoLogOp::SwapFrames),
        2 => Just(NoLogOp::DropConnection),
        4 => Just(NoLogOp::CompleteHandshake),
        4 => prop_oneof![6 => Just(0u8), 1 => Just(1), 1 => Just(2)].prop_map(NoLogOp::AnswerBackfills),
        6 => (0u64..5_000).prop_map(NoLogOp::RunFor),
    ]
}

struct NoLogWorld {
    rig: Rig,
    decisions: Vec<(u64, jiff::Timestamp)>,
    /// Frames on their way to the client, and the times at which they were sent.
    frames_in_transit: VecDeque<(String, jiff::Timestamp)>,
    is_joined: bool,
    /// First item that the stream must contain; `None` if there is nothing to check.
    first_expected: Option<u64>,
    delivery_counts: HashMap<u64, u32>,
    /// Time in milliseconds since `RunFor` last delivered all frames.
    undelivered_ms: u64,
    gap_count: u64,
    failed_backfill_count: u64,
}

impl NoLogWorld {
    fn new(seed: u64) -> Self {
        let mut rig = Rig::new(SessionConfig { can_ask_rest: true, ..quick_reconnect_config() }, seed);
        rig.connect();
        rig.complete_handshake();
        rig.join("p", None);
        Self {
            rig,
            decisions: Vec::new(),
            frames_in_transit: VecDeque::new(),
            is_joined: false,
            first_expected: None,
            delivery_counts: HashMap::new(),
            undelivered_ms: 0,
            gap_count: 0,
            failed_backfill_count: 0,
        }
    }

    fn update_payload(&self, (n, at): (u64, jiff::Timestamp)) -> String {
        json!({"content_id": n.to_string(), "status": "approved", "project_id": "p", "timestamp": at.to_string()})
            .to_string()
    }

    fn apply(&mut self, op: &NoLogOp) {
        match *op {
            NoLogOp::Publish(count) => {
                for _ in 0..count {
                    let content = (self.decisions.len() as u64, self.rig.now().wall);
                    self.decisions.push(content);
                    if self.is_joined {
                        let frame = format!(r#"42["moderation_update",{}]"#, self.update_payload(content));
                        self.frames_in_transit.push_back((frame, content.1));
                    }
                }
            }
            NoLogOp::DeliverFrames(count) => {
                for _ in 0..count {
                    if let Some((frame, _)) = self.frames_in_transit.pop_front() {
                        self.rig.receive(&frame);
                    }
                }
            }
            NoLogOp::HandleJoins => {
                while let Some(frame) = self.rig.sent_frames.pop_front() {
                    if Emitted::read(&frame).is_some_and(|asked| asked.name == "join_project") {
                        self.is_joined = true;
                        self.first_expected.get_or_insert(self.decisions.len() as u64);
                        let confirmed = r#"42["joined_project",{"project_id":"p"}]"#.to_owned();
                        self.frames_in_transit.push_back((confirmed, self.rig.now().wall));
                    }
                }
            }
            NoLogOp::SwapFrames(which) => {
                // Only frames that concurrent publishers may send in either order are swapped.
                let at = which % self.frames_in_transit.len().max(1);
                let near = |a: &(String, jiff::Timestamp), b: &(String, jiff::Timestamp)| {
                    b.1.duration_since(a.1).unsigned_abs() <= PUBLISH_SKEW_MAX
                };
                if at + 1 < self.frames_in_transit.len()
                    && near(&self.frames_in_transit[at], &self.frames_in_transit[at + 1])
                {
                    self.frames_in_transit.swap(at, at + 1);
                }
            }
            NoLogOp::DropConnection => self.rig.drop_connection(),
            NoLogOp::CompleteHandshake => {
                if self.rig.pending_attempt_id.is_some() {
                    self.rig.complete_handshake();
                }
            }
            NoLogOp::AnswerBackfills(how) => self.answer_backfills(how),
            NoLogOp::RunFor(ms) => {
                self.undelivered_ms += ms;
                if self.undelivered_ms > 20_000 {
                    // A frame may be delayed, but not forever.
                    self.apply(&NoLogOp::DeliverFrames(255));
                    self.undelivered_ms = 0;
                }
                self.rig.run_for(Duration::from_millis(ms), |_| {});
            }
        }
        if !self.rig.is_open {
            // The driver drops the REST requests of a lost connection.
            self.rig.backfill_requests.clear();
            self.frames_in_transit.clear();
            self.is_joined = false;
        }
        self.check_outputs();
    }

    fn answer_backfills(&mut self, how: u8) {
        for request in std::mem::take(&mut self.rig.backfill_requests) {
            // The start of a stream is never reported here, so events missed before the first decision are reported as
            // a gap.
            let BackfillQuery::MissedDecisions { since } = request.query else { continue };
            let since = self.decisions.iter().filter(|(_, at)| *at >= since - PUBLISH_SKEW_MAX);
            let mut found: Vec<_> = since
                .map(|content| {
                    let received = Arrival { origin: Origin::Backfill, at: self.rig.now().wall };
                    decode("moderation_update", &self.update_payload(*content), received)
                })
                .collect();
            let result = match how {
                0 => Ok((found, true)),
                1 => {
                    found.drain(..found.len() / 2);
                    Ok((found, false))
                }
                _ => Err(Error::closed()),
            };
            let result = result.map(|(events, complete)| BackfillData {
                events,
                is_complete: complete,
                ..BackfillData::default()
            });
            self.failed_backfill_count += u64::from(how != 0);
            self.rig.handle(Input::BackfillReply(BackfillReply { id: request.id, project: request.project, result }));
        }
    }

    fn check_outputs(&mut self) {
        while let Some(output) = self.rig.stream_outputs.pop_front() {
            match output {
                StreamOutput::Event(Event::ModerationUpdate(update)) => {
                    *self.delivery_counts.entry(update.content_id.parse().unwrap()).or_default() += 1;
                }
                StreamOutput::Event(Event::Gap(gap)) => {
                    if gap.reason == GapReason::Interrupted {
                        // Before the first decision, no server time is known from which a backfill could start.
                        assert!(self.delivery_counts.is_empty());
                        self.first_expected = None;
                    } else {
                        assert_eq!(gap.reason, GapReason::BackfillIncomplete);
                        self.gap_count += 1;
                    }
                }
                StreamOutput::ProjectOpened(_) => {}
                // Without a connection, the first join may time out. There is then nothing to check.
                StreamOutput::Ended(..) => self.first_expected = None,
                other => panic!("{other:?}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(property_config(300))]

    #[test]
    fn each_decision_is_delivered_once_or_covered_by_a_gap(seed: u64, ops in vec(any_op(), 10..120)) {
        let mut world = NoLogWorld::new(seed);
        world.apply(&NoLogOp::HandleJoins);
        world.apply(&NoLogOp::DeliverFrames(10));
        for op in &ops {
            world.apply(op);
        }
        for _ in 0..200 {
            for op in [NoLogOp::CompleteHandshake, NoLogOp::HandleJoins, NoLogOp::DeliverFrames(255), NoLogOp::AnswerBackfills(0), NoLogOp::RunFor(100)] {
                world.apply(&op);
            }
        }
        for (content, times) in &world.delivery_counts {
            prop_assert_eq!(*times, 1, "item {} was delivered {} times", content, times);
        }
        prop_assert_eq!(world.gap_count, world.failed_backfill_count, "each failed backfill must be reported by one gap");
        if world.failed_backfill_count == 0 && let Some(from) = world.first_expected {
            for n in from..world.decisions.len() as u64 {
                prop_assert!(world.delivery_counts.contains_key(&n), "item {} was lost", n);
            }
        }
    }
}
