//! Servers without an event log. REST recovers events that were missed during an interruption, or a gap reports them.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::{
    cases,
    rig::{Rig, Told, quick},
};
use crate::{
    Error, GapReason,
    events::{Event, Origin, Received, decode},
    session::{BackfillData, BackfillQuery, BackfillReply, Input, SessionConfig},
    testing::Emitted,
};

/// Largest difference between the timestamps of two decisions that are published out of order, as on real servers.
const BACKFILL_OVERLAP: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
enum Op {
    Publish(u8),
    Carry(u8),
    Serve,
    /// Swaps two adjacent frames: an event overtakes the confirmation of the join or another event.
    Swap(usize),
    Cut,
    Greet,
    /// Answers the pending REST requests: completely (0), partly (1), or not at all (2).
    Answer(u8),
    Run(u64),
}

fn ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (1u8..4).prop_map(Op::Publish),
        8 => (1u8..6).prop_map(Op::Carry),
        6 => Just(Op::Serve),
        2 => any::<usize>().prop_map(Op::Swap),
        2 => Just(Op::Cut),
        4 => Just(Op::Greet),
        4 => prop_oneof![6 => Just(0u8), 1 => Just(1), 1 => Just(2)].prop_map(Op::Answer),
        6 => (0u64..5_000).prop_map(Op::Run),
    ]
}

struct World {
    rig: Rig,
    contents: Vec<(u64, jiff::Timestamp)>,
    /// Frames on their way to the client, and the times at which they were sent.
    network: VecDeque<(String, jiff::Timestamp)>,
    joined: bool,
    /// First item that the stream must contain; `None` if there is nothing to check.
    from: Option<u64>,
    seen: HashMap<u64, u32>,
    /// Time in milliseconds since the network last carried all frames.
    lag: u64,
    told_gaps: u64,
    failed: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rig = Rig::new(SessionConfig { can_ask_rest: true, ..quick() }, seed);
        rig.connect();
        rig.greet();
        rig.join("p", None);
        Self {
            rig,
            contents: Vec::new(),
            network: VecDeque::new(),
            joined: false,
            from: None,
            seen: HashMap::new(),
            lag: 0,
            told_gaps: 0,
            failed: 0,
        }
    }

    fn payload(&self, (n, at): (u64, jiff::Timestamp)) -> String {
        json!({"content_id": n.to_string(), "status": "approved", "project_id": "p", "timestamp": at.to_string()})
            .to_string()
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Publish(count) => {
                for _ in 0..count {
                    let content = (self.contents.len() as u64, self.rig.now().wall);
                    self.contents.push(content);
                    if self.joined {
                        let frame = format!(r#"42["moderation_update",{}]"#, self.payload(content));
                        self.network.push_back((frame, content.1));
                    }
                }
            }
            Op::Carry(count) => {
                for _ in 0..count {
                    if let Some((frame, _)) = self.network.pop_front() {
                        self.rig.frame(&frame);
                    }
                }
            }
            Op::Serve => {
                while let Some(frame) = self.rig.sent.pop_front() {
                    if Emitted::read(&frame).is_some_and(|asked| asked.name == "join_project") {
                        self.joined = true;
                        self.from.get_or_insert(self.contents.len() as u64);
                        let confirmed = r#"42["joined_project",{"project_id":"p"}]"#.to_owned();
                        self.network.push_back((confirmed, self.rig.now().wall));
                    }
                }
            }
            Op::Swap(which) => {
                // Only frames that concurrent publishers may send in either order are swapped.
                let at = which % self.network.len().max(1);
                let near = |a: &(String, jiff::Timestamp), b: &(String, jiff::Timestamp)| {
                    b.1.duration_since(a.1).unsigned_abs() <= BACKFILL_OVERLAP
                };
                if at + 1 < self.network.len() && near(&self.network[at], &self.network[at + 1]) {
                    self.network.swap(at, at + 1);
                }
            }
            Op::Cut => self.rig.cut(),
            Op::Greet => {
                if self.rig.dial.is_some() {
                    self.rig.greet();
                }
            }
            Op::Answer(how) => self.answer(how),
            Op::Run(ms) => {
                self.lag += ms;
                if self.lag > 20_000 {
                    // A frame may be delayed, but not forever.
                    self.apply(&Op::Carry(255));
                    self.lag = 0;
                }
                self.rig.run(Duration::from_millis(ms), |_| {});
            }
        }
        if !self.rig.open {
            // The driver drops the REST requests of a lost connection.
            self.rig.backfills.clear();
            self.network.clear();
            self.joined = false;
        }
        self.check();
    }

    fn answer(&mut self, how: u8) {
        for request in std::mem::take(&mut self.rig.backfills) {
            // The start of a stream is never reported here, so events missed before the first decision are a gap.
            let BackfillQuery::Missed { since } = request.query else { continue };
            let since = self.contents.iter().filter(|(_, at)| *at >= since - BACKFILL_OVERLAP);
            let mut found: Vec<_> = since
                .map(|content| {
                    let received = Received { origin: Origin::Backfill, at: self.rig.now().wall };
                    decode("moderation_update", &self.payload(*content), received)
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
            let result = result.map(|(events, complete)| BackfillData { events, complete, ..BackfillData::default() });
            self.failed += u64::from(how != 0);
            self.rig.handle(Input::BackfillReply(BackfillReply { id: request.id, project: request.project, result }));
        }
    }

    fn check(&mut self) {
        while let Some(told) = self.rig.told.pop_front() {
            match told {
                Told::Event(Event::ModerationUpdate(update)) => {
                    *self.seen.entry(update.content_id.parse().unwrap()).or_default() += 1;
                }
                Told::Event(Event::Gap(gap)) => {
                    if gap.reason == GapReason::Interrupted {
                        // Before the first decision, no server time is known from which a backfill could start.
                        assert!(self.seen.is_empty());
                        self.from = None;
                    } else {
                        assert_eq!(gap.reason, GapReason::BackfillIncomplete);
                        self.told_gaps += 1;
                    }
                }
                Told::ProjectOpened(_) => {}
                // The first join may time out without a connection. Then there is nothing to check.
                Told::Ended(..) => self.from = None,
                other => panic!("{other:?}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn each_decision_once_or_a_gap(seed: u64, ops in vec(ops(), 10..120)) {
        let mut world = World::new(seed);
        world.apply(&Op::Serve);
        world.apply(&Op::Carry(10));
        for op in &ops {
            world.apply(op);
        }
        for _ in 0..200 {
            for op in [Op::Greet, Op::Serve, Op::Carry(255), Op::Answer(0), Op::Run(100)] {
                world.apply(&op);
            }
        }
        for (content, times) in &world.seen {
            prop_assert_eq!(*times, 1, "content {} came {} times", content, times);
        }
        prop_assert_eq!(world.told_gaps, world.failed, "a gap reports every failure, and nothing else");
        if world.failed == 0 && let Some(from) = world.from {
            for n in from..world.contents.len() as u64 {
                prop_assert!(world.seen.contains_key(&n), "content {} is lost", n);
            }
        }
    }
}
