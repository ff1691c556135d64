//! Against a model of a server with an event log: what is delivered of a project is its log, in order, each event once,
//! or a gap that accounts for what is missing.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

use super::{
    cases,
    rig::{Rig, Told, quick},
};
use crate::{
    Backfill, Cursor, Error, GapReason, Stage,
    events::Event,
    session::{Fault, Input, SessionConfig},
    testing::Emitted,
};

const PROJECTS: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
enum Op {
    Publish(usize, u8),
    PublishStats(usize),
    /// The server handles what it has received.
    Serve,
    /// The network carries so many frames.
    Carry(u8),
    /// Faults of a broker behind the server: they hit live events only.
    DropLive(usize),
    DoubleLive(usize),
    Swap(usize),
    Cut,
    /// A new connection, if one is wanted.
    Greet,
    Refuse,
    Leave(usize),
    /// Also behind a cursor from before.
    Join(usize, bool),
    Forget(usize, u8),
    NewLog(usize, u8),
    Run(u64),
    Jump(u64),
}

fn ops() -> impl Strategy<Value = Op> {
    let project = || 0..PROJECTS.len();
    prop_oneof![
        12 => (project(), 1u8..6).prop_map(|(project, count)| Op::Publish(project, count)),
        2 => project().prop_map(Op::PublishStats),
        12 => Just(Op::Serve),
        14 => (1u8..12).prop_map(Op::Carry),
        3 => any::<usize>().prop_map(Op::DropLive),
        3 => any::<usize>().prop_map(Op::DoubleLive),
        4 => any::<usize>().prop_map(Op::Swap),
        2 => Just(Op::Cut),
        6 => Just(Op::Greet),
        1 => Just(Op::Refuse),
        1 => project().prop_map(Op::Leave),
        2 => (project(), any::<bool>()).prop_map(|(project, behind)| Op::Join(project, behind)),
        1 => (project(), 1u8..6).prop_map(|(project, count)| Op::Forget(project, count)),
        1 => (project(), 0u8..6).prop_map(|(project, count)| Op::NewLog(project, count)),
        8 => (0u64..2_000).prop_map(Op::Run),
        1 => prop_oneof![0u64..2_000, 0u64..4_000_000].prop_map(Op::Jump),
    ]
}

/// A project's event log as the server keeps it.
struct Log {
    generation: u64,
    /// The name of each event's content, by id from 1.
    events: Vec<String>,
    oldest: u64,
    joined: bool,
}

impl Log {
    fn name(&self) -> String {
        format!("log-{}", self.generation)
    }

    fn head(&self) -> u64 {
        self.events.len() as u64
    }
}

struct Frame {
    text: String,
    live: bool,
}

/// Where a stream of the client stands, as far as it was told.
struct Reader {
    place: Option<Cursor>,
    /// The place that the join has asked for.
    asked: Option<Cursor>,
}

struct World {
    rig: Rig,
    logs: BTreeMap<&'static str, Log>,
    network: VecDeque<Frame>,
    readers: HashMap<String, Reader>,
    /// The last known cursor of projects that were left.
    left: HashMap<String, Cursor>,
    page: usize,
    /// Whether the server refuses some pages.
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

    fn log(&mut self, project: &str) -> &mut Log {
        self.logs.get_mut(project).expect("known projects only")
    }

    fn publish(&mut self, project: &str) {
        let open = self.rig.open;
        let log = self.log(project);
        let id = log.head() + 1;
        let content = format!("{project}/{}/{id}", log.name());
        let data = update(project, id, &content);
        log.events.push(content);
        if open && log.joined {
            self.network.push_back(Frame { text: event("moderation_update", &data), live: true });
        }
    }

    fn reply(&mut self, text: String) {
        self.network.push_back(Frame { text, live: false });
    }

    /// The connection is gone, for whichever reason, and all that was on its way.
    fn sweep(&mut self) {
        if !self.rig.open {
            self.network.clear();
            for log in self.logs.values_mut() {
                log.joined = false;
            }
        }
    }

    fn serve(&mut self) {
        while let Some(frame) = self.rig.sent.pop_front() {
            let Some(asked) = Emitted::read(&frame) else { continue };
            let Some(ack) = asked.ack else { continue };
            let project = asked.data["project_id"].as_str().unwrap_or_default().to_owned();
            match &*asked.name {
                "join_project" => {
                    let log = self.log(&project);
                    log.joined = true;
                    let data =
                        json!({"project_id": project, "replay": true, "event_id": log.head(), "log": log.name()});
                    self.reply(event("joined_project", &data));
                    self.reply(format!("43{ack}[]"));
                }
                "leave_project" => {
                    self.log(&project).joined = false;
                    self.reply(event("left_project", &json!({"project_id": project})));
                    self.reply(format!("43{ack}[]"));
                }
                "replay_events" => self.replay(&project, asked.data["after"].as_u64().unwrap_or_default(), ack),
                _ => {}
            }
        }
    }

    fn replay(&mut self, project: &str, after: u64, ack: u64) {
        self.pages += 1;
        if self.flaky && self.pages.is_multiple_of(3) {
            return self.reply(format!(r#"43{ack}[{{"error":"Server error occurred"}}]"#));
        }
        let (page, log) = (self.page, self.log(project));
        let first = after.max(log.oldest - 1) as usize;
        let events: Vec<Value> = (first..log.events.len())
            .take(page)
            .map(|at| json!({"event": "moderation_update", "data": update(project, at as u64 + 1, &log.events[at])}))
            .collect();
        let page = json!({"events": events, "head": log.head(), "oldest": log.oldest, "log": log.name()});
        self.reply(format!("43{ack}[{page}]"));
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
            Op::Refuse => self.rig.dial_failed(Fault::Dial(Error::connect_failed(Stage::Network, "no"))),
            Op::Leave(project) => drop(self.rig.leave(PROJECTS[project])),
            Op::Join(project, behind) => self.join(PROJECTS[project], behind),
            Op::Forget(project, count) => {
                let log = self.log(PROJECTS[project]);
                log.oldest = (log.oldest + u64::from(count)).min(log.head() + 1);
            }
            Op::NewLog(project, count) => {
                // A database made anew means a server that was restarted.
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

    /// Compares what the streams are told with the logs.
    fn check(&mut self) {
        while let Some(told) = self.rig.told.pop_front() {
            match told {
                Told::Opened(_) | Told::EndedAll => {}
                Told::Placed(project, cursor) => {
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
                    // A join that found no connection in time ends with an error; the user may try again.
                    let _ = error;
                    if let Some(place) = self.readers.remove(&project).and_then(|reader| reader.place) {
                        self.left.insert(project, place);
                    }
                }
                Told::Event(event) => self.check_event(&event),
            }
        }
    }

    fn check_event(&mut self, event: &Event) {
        let Some(project) = event.project_id().map(ToString::to_string) else { panic!("of no project: {event:?}") };
        // A late event of a project that was left belongs to no stream of it.
        let Some(reader) = self.readers.get_mut(&project) else { return };
        let log = &self.logs[&*project];
        match event {
            Event::StatsUpdate(_) => {}
            Event::ModerationUpdate(update) => {
                let id = update.meta.event_id.expect("events of a log have an id");
                let place = reader.place.as_mut().expect("nothing comes before the place is told");
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
                                assert!(self.skips, "an interruption that a replay could mend");
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

    /// Everything works again; in the end every reader must have everything.
    fn heal(&mut self) {
        self.flaky = false;
        self.rig.cut();
        self.check();
        // Twenty minutes: a page with one event, of which the smallest budget allows ten a minute, takes its time.
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
            // So that the connection is not taken for dead.
            self.rig.handle(Input::Activity);
            self.check();
        }
        let places: Vec<_> = self.readers.iter().map(|(project, reader)| (project, &reader.place)).collect();
        let heads: Vec<_> = self.logs.iter().map(|(project, log)| (project, log.name(), log.head())).collect();
        panic!("not whole after minutes without a fault: {places:?} of {heads:?}");
    }

    fn whole(&self) -> bool {
        self.readers.iter().all(|(project, reader)| {
            let log = &self.logs[&**project];
            reader
                .place
                .as_ref()
                .is_some_and(|place| place.event_id == log.head() && place.log.as_deref() == Some(&*log.name()))
        })
    }
}

fn update(project: &str, id: u64, content: &str) -> Value {
    json!({"content_id": content, "project_id": project, "status": "approved", "event_id": id})
}

fn event(name: &str, data: &Value) -> String {
    format!("42{}", json!([name, data]))
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

/// What the property above is about does happen in it.
#[test]
fn a_cut_in_the_middle_is_made_up_for() {
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
