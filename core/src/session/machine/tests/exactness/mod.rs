//! Comparison with a model of a server that has an event log. A project's stream contains the events of its log once
//! and in order, or a gap that accounts for the missing ones.

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
    ops::{Op, ops},
    server::{Frame, Log, event},
};
use super::{
    cases,
    rig::{Rig, quick},
};
use crate::{
    Backfill, Cursor, Error, Stage,
    session::{ConnectionFailure, SessionConfig},
};

const PROJECTS: [&str; 3] = ["a", "b", "c"];

/// A project's stream, and its position.
struct Reader {
    place: Option<Cursor>,
    /// Cursor that the user passed to the join.
    asked: Option<Cursor>,
}

struct World {
    rig: Rig,
    logs: BTreeMap<&'static str, Log>,
    network: VecDeque<Frame>,
    readers: HashMap<String, Reader>,
    /// Last known cursors of projects that the user has left.
    left: HashMap<String, Cursor>,
    page: usize,
    /// True if the server fails to return some pages.
    flaky: bool,
    skips: bool,
    pages: u64,
    delivered: u64,
    gaps: u64,
}

impl World {
    fn new(config: SessionConfig, seed: u64, page: usize, flaky: bool) -> Self {
        let skips = config.backfill == Backfill::Off;
        let log = || Log { generation: 0, events: Vec::new(), oldest: 1, joined: false };
        Self {
            rig: Rig::new(config, seed),
            logs: PROJECTS.into_iter().map(|project| (project, log())).collect(),
            network: VecDeque::new(),
            readers: HashMap::new(),
            left: HashMap::new(),
            page,
            flaky,
            skips,
            pages: 0,
            delivered: 0,
            gaps: 0,
        }
    }

    fn carry(&mut self, count: usize) {
        for _ in 0..count {
            let Some(frame) = self.network.pop_front() else { return };
            self.rig.frame(&frame.text);
            self.check();
        }
    }

    fn live(&self, which: usize) -> Option<usize> {
        let live: Vec<_> = (0..self.network.len()).filter(|at| self.network[*at].live).collect();
        (!live.is_empty()).then(|| live[which % live.len()])
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Publish(project, count) => (0..count).for_each(|_| self.publish(PROJECTS[project])),
            Op::PublishStats(project) => {
                let data = json!({"project_id": PROJECTS[project], "total_content": 1});
                let text = event("stats_update", &data);
                if self.rig.open && self.log(PROJECTS[project]).joined {
                    self.network.push_back(Frame { text, live: true });
                }
            }
            Op::Serve => self.serve(),
            Op::Carry(count) => self.carry(count as usize),
            Op::DropLive(which) => {
                if let Some(at) = self.live(which) {
                    self.network.remove(at);
                }
            }
            Op::DoubleLive(which) => {
                if let Some(at) = self.live(which) {
                    let text = self.network[at].text.clone();
                    self.network.push_back(Frame { text, live: true });
                }
            }
            Op::Swap(which) => {
                if let Some(at) = self.live(which).filter(|at| at + 1 < self.network.len()) {
                    self.network.swap(at, at + 1);
                }
            }
            Op::Cut => self.rig.cut(),
            Op::Greet => {
                if self.rig.dial.is_some() {
                    self.rig.greet();
                }
            }
            Op::Refuse => self.rig.dial_failed(ConnectionFailure::Dial(Error::connect_failed(Stage::Network, "no"))),
            Op::Leave(project) => drop(self.rig.leave(PROJECTS[project])),
            Op::Join(project, behind) => self.join(PROJECTS[project], behind),
            Op::Forget(project, count) => {
                let log = self.log(PROJECTS[project]);
                log.oldest = (log.oldest + u64::from(count)).min(log.head() + 1);
            }
            Op::NewLog(project, count) => {
                // A database is only recreated while the server restarts.
                self.rig.cut();
                self.sweep();
                let log = self.log(PROJECTS[project]);
                *log = Log { generation: log.generation + 1, events: Vec::new(), oldest: 1, joined: false };
                (0..count).for_each(|_| self.publish(PROJECTS[project]));
            }
            Op::Run(ms) => self.rig.run(Duration::from_millis(ms), |_| {}),
            Op::Jump(ms) => self.rig.jump(Duration::from_millis(ms)),
        }
        self.check();
        self.sweep();
    }

    fn join(&mut self, project: &'static str, behind: bool) {
        let known = self.readers.contains_key(project);
        let after = self.left.get(project).filter(|_| behind && !known).cloned();
        if !known {
            self.readers.insert(project.to_owned(), Reader { place: None, asked: after.clone() });
        }
        self.rig.join(project, after);
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn each_event_once_and_in_order_or_a_gap_that_adds_up(
        seed: u64,
        page in 1usize..8,
        flaky in prop::bool::weighted(0.15),
        backfill in prop_oneof![4 => Just(Backfill::Auto), 1 => Just(Backfill::Off)],
        rate_limit in option::weighted(0.3, 10u32..40),
        before in vec((0..PROJECTS.len(), 1u8..10), 0..3),
        ops in vec(ops(), 20..250),
    ) {
        let config = SessionConfig { backfill, rate_limit, ..quick() };
        let mut world = World::new(config, seed, page, flaky);
        for (project, count) in before {
            (0..count).for_each(|_| world.publish(PROJECTS[project]));
        }
        world.rig.connect();
        world.rig.greet();
        for project in PROJECTS.into_iter().take(2) {
            world.join(project, false);
        }
        for op in &ops {
            world.apply(op);
            if world.rig.closed() {
                break;
            }
        }
        prop_assert!(!world.rig.closed(), "nothing here ends a client");
        world.heal();
    }
}

/// Shows that the property above covers interruptions that lose events.
#[test]
fn events_lost_in_a_cut_are_recovered() {
    let mut world = World::new(quick(), 1, 3, false);
    world.rig.connect();
    world.rig.greet();
    world.join("a", false);
    world.serve();
    world.carry(usize::MAX);
    for round in 0..20 {
        (0..5).for_each(|_| world.publish("a"));
        world.carry(round % 6);
        world.rig.cut();
        world.sweep();
        (0..5).for_each(|_| world.publish("a"));
        world.heal();
    }
    assert_eq!(world.delivered, 200);
    assert_eq!(world.gaps, 0);
    assert!(world.pages >= 20);
}
