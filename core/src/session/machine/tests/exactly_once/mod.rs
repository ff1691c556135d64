//! Comparison of the client with a model of a server that has an event log. A project's stream contains each event of
//! the project's log once and in order, except for events that a gap reports as missing.

mod checks;
mod ops;
mod server;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use proptest::{collection::vec, option, prelude::*};
use serde_json::json;

use self::{
    ops::{LogOp, any_op},
    server::{NetworkFrame, ServerLog, event_frame},
};
use super::{
    property_config,
    rig::{Rig, quick_reconnect_config},
};
use crate::{
    Backfill, Cursor, Error, Stage,
    session::{ConnectionFailure, SessionConfig},
};

const PROJECTS: [&str; 3] = ["a", "b", "c"];

/// A project's stream, and its position.
struct StreamReader {
    position: Option<Cursor>,
    /// Cursor that the user passed to the join.
    requested_cursor: Option<Cursor>,
}

struct LogWorld {
    rig: Rig,
    logs: BTreeMap<&'static str, ServerLog>,
    frames_in_transit: VecDeque<NetworkFrame>,
    readers: HashMap<String, StreamReader>,
    /// Last known cursors of projects whose streams have ended.
    last_cursors: HashMap<String, Cursor>,
    page_size: usize,
    /// True if the server fails to return some pages.
    fails_some_pages: bool,
    skips_missed_events: bool,
    page_request_count: u64,
    delivered_count: u64,
    gap_count: u64,
}

impl LogWorld {
    fn new(config: SessionConfig, seed: u64, page_size: usize, fails_some_pages: bool) -> Self {
        let skips_missed_events = config.backfill == Backfill::Off;
        let log = || ServerLog { generation: 0, items: Vec::new(), oldest_id: 1, is_client_joined: false };
        Self {
            rig: Rig::new(config, seed),
            logs: PROJECTS.into_iter().map(|project| (project, log())).collect(),
            frames_in_transit: VecDeque::new(),
            readers: HashMap::new(),
            last_cursors: HashMap::new(),
            page_size,
            fails_some_pages,
            skips_missed_events,
            page_request_count: 0,
            delivered_count: 0,
            gap_count: 0,
        }
    }

    fn deliver_frames(&mut self, count: usize) {
        for _ in 0..count {
            let Some(frame) = self.frames_in_transit.pop_front() else { return };
            self.rig.receive(&frame.text);
            self.check_outputs();
        }
    }

    fn pick_live_frame(&self, which: usize) -> Option<usize> {
        let live: Vec<_> = (0..self.frames_in_transit.len()).filter(|at| self.frames_in_transit[*at].is_live).collect();
        (!live.is_empty()).then(|| live[which % live.len()])
    }

    fn apply(&mut self, op: &LogOp) {
        match *op {
            LogOp::Publish(project, count) => (0..count).for_each(|_| self.publish(PROJECTS[project])),
            LogOp::PublishStats(project) => {
                let data = json!({"project_id": PROJECTS[project], "total_content": 1});
                let text = event_frame("stats_update", &data);
                if self.rig.is_open && self.log(PROJECTS[project]).is_client_joined {
                    self.frames_in_transit.push_back(NetworkFrame { text, is_live: true });
                }
            }
            LogOp::HandleRequests => self.handle_requests(),
            LogOp::DeliverFrames(count) => self.deliver_frames(count as usize),
            LogOp::DropLive(which) => {
                if let Some(at) = self.pick_live_frame(which) {
                    self.frames_in_transit.remove(at);
                }
            }
            LogOp::DuplicateLive(which) => {
                if let Some(at) = self.pick_live_frame(which) {
                    let text = self.frames_in_transit[at].text.clone();
                    self.frames_in_transit.push_back(NetworkFrame { text, is_live: true });
                }
            }
            LogOp::SwapLive(which) => {
                if let Some(at) = self.pick_live_frame(which).filter(|at| at + 1 < self.frames_in_transit.len()) {
                    self.frames_in_transit.swap(at, at + 1);
                }
            }
            LogOp::DropConnection => self.rig.drop_connection(),
            LogOp::CompleteHandshake => {
                if self.rig.pending_attempt_id.is_some() {
                    self.rig.complete_handshake();
                }
            }
            LogOp::FailDial => self.rig.fail_dial(ConnectionFailure::Dial(Error::connect_failed(Stage::Network, "no"))),
            LogOp::Leave(project) => drop(self.rig.leave(PROJECTS[project])),
            LogOp::Join(project, from_last_cursor) => self.join(PROJECTS[project], from_last_cursor),
            LogOp::ExpireEvents(project, count) => {
                let log = self.log(PROJECTS[project]);
                log.oldest_id = (log.oldest_id + u64::from(count)).min(log.head_id() + 1);
            }
            LogOp::RecreateLog(project, count) => {
                // The server's database is recreated only while the server restarts, which ends the connection.
                self.rig.drop_connection();
                self.clear_after_disconnect();
                let log = self.log(PROJECTS[project]);
                *log = ServerLog {
                    generation: log.generation + 1,
                    items: Vec::new(),
                    oldest_id: 1,
                    is_client_joined: false,
                };
                (0..count).for_each(|_| self.publish(PROJECTS[project]));
            }
            LogOp::RunFor(ms) => self.rig.run_for(Duration::from_millis(ms), |_| {}),
            LogOp::AdvanceAtOnce(ms) => self.rig.advance_at_once(Duration::from_millis(ms)),
        }
        self.check_outputs();
        self.clear_after_disconnect();
    }

    fn join(&mut self, project: &'static str, from_last_cursor: bool) {
        let known = self.readers.contains_key(project);
        let after = self.last_cursors.get(project).filter(|_| from_last_cursor && !known).cloned();
        if !known {
            self.readers.insert(project.to_owned(), StreamReader { position: None, requested_cursor: after.clone() });
        }
        self.rig.join(project, after);
    }
}

proptest! {
    #![proptest_config(property_config(300))]

    #[test]
    fn each_event_is_delivered_once_and_in_order_or_covered_by_a_gap(
        seed: u64,
        page_size in 1usize..8,
        fails_some_pages in prop::bool::weighted(0.15),
        backfill in prop_oneof![4 => Just(Backfill::Auto), 1 => Just(Backfill::Off)],
        rate_limit in option::weighted(0.3, 10u32..40),
        before in vec((0..PROJECTS.len(), 1u8..10), 0..3),
        ops in vec(any_op(), 20..250),
    ) {
        let config = SessionConfig { backfill, rate_limit, ..quick_reconnect_config() };
        let mut world = LogWorld::new(config, seed, page_size, fails_some_pages);
        for (project, count) in before {
            (0..count).for_each(|_| world.publish(PROJECTS[project]));
        }
        world.rig.connect();
        world.rig.complete_handshake();
        for project in PROJECTS.into_iter().take(2) {
            world.join(project, false);
        }
        for op in &ops {
            world.apply(op);
            if world.rig.is_closed() {
                break;
            }
        }
        prop_assert!(!world.rig.is_closed(), "the client was closed without a reason");
        world.recover_and_check();
    }
}

/// Fixed sequence of steps that, unlike the random steps above, is certain to make the client miss events in each
/// round.
#[test]
fn events_lost_with_a_connection_are_recovered() {
    let mut world = LogWorld::new(quick_reconnect_config(), 1, 3, false);
    world.rig.connect();
    world.rig.complete_handshake();
    world.join("a", false);
    world.handle_requests();
    world.deliver_frames(usize::MAX);
    for round in 0..20 {
        (0..5).for_each(|_| world.publish("a"));
        world.deliver_frames(round % 6);
        world.rig.drop_connection();
        world.clear_after_disconnect();
        (0..5).for_each(|_| world.publish("a"));
        world.recover_and_check();
    }
    assert_eq!(world.delivered_count, 200);
    assert_eq!(world.gap_count, 0);
    assert!(world.page_request_count >= 20);
}
