//! The projects a user wants and the rooms the server has us in. The machine brings the two together.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Instant,
};

use super::{Token, follower::Follower};
use crate::events::ProjectId;

/// Where the server has us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actual {
    Out,
    Joining,
    In,
    Leaving,
}

/// One project.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) wanted: bool,
    pub(crate) actual: Actual,
    /// Whether the user has been told that the join succeeded.
    pub(crate) confirmed: bool,
    pub(crate) joiners: Vec<Token>,
    pub(crate) leavers: Vec<Token>,
    /// When the user's first join is given up; runs while there is no connection and while the join is in flight.
    pub(crate) deadline: Option<Instant>,
    pub(crate) not_before: Option<Instant>,
    pub(crate) failures: u32,
    /// The server's last words about a join that is tried again.
    pub(crate) last_words: Option<String>,
    /// The join that was taken for confirmed before its acknowledgement came.
    pub(crate) unacknowledged: Option<Unacknowledged>,
    /// Rooms are joined in the order in which they were asked for.
    order: u64,
    pub(crate) follower: Follower,
}

/// A join whose event has come, but not yet the acknowledgement that ends the request. The event may have been the answer
/// to an earlier one that came very late, and then the answer to this one is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unacknowledged {
    pub(crate) ack: u64,
    /// The server has refused something since then, perhaps this.
    pub(crate) doubtful: bool,
}

/// What is being asked of the server. At most one, because servers answer concurrent requests in any order and a
/// failure does not name its project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InFlight {
    /// The id of its acknowledgement. That of an earlier request for the same project may still be under way.
    pub(crate) ack: u64,
    pub(crate) project: ProjectId,
    pub(crate) joining: bool,
    pub(crate) deadline: Instant,
    /// What an `error` said meanwhile that may be the answer, in words that are not known to refuse a join.
    pub(crate) unknown_words: Option<String>,
}

/// All projects.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    by_id: BTreeMap<ProjectId, Room>,
    orders: u64,
    pub(crate) in_flight: Option<InFlight>,
    /// A request that was not answered in time, and whose answer may still come: a refusal that names no project would be
    /// taken for the answer to the next request. Until it comes, or this deadline, no other project is asked for.
    pub(crate) overdue: Option<InFlight>,
    /// Projects whose join or leave was not answered in time on this connection, or answered when nobody asked: the server
    /// may have us in their rooms. True if it was a leave, whose answer may still come.
    lingering: BTreeMap<ProjectId, bool>,
}

impl Rooms {
    pub(crate) fn get(&self, project: &str) -> Option<&Room> {
        self.by_id.get(project)
    }

    pub(crate) fn get_mut(&mut self, project: &str) -> Option<&mut Room> {
        self.by_id.get_mut(project)
    }

    pub(crate) fn insert(&mut self, project: ProjectId, follower: Follower) -> &mut Room {
        self.orders += 1;
        let room = Room {
            wanted: true,
            actual: Actual::Out,
            confirmed: false,
            joiners: Vec::new(),
            leavers: Vec::new(),
            deadline: None,
            not_before: None,
            failures: 0,
            last_words: None,
            unacknowledged: None,
            order: self.orders,
            follower,
        };
        match self.by_id.entry(project) {
            Entry::Vacant(vacant) => vacant.insert(room),
            Entry::Occupied(mut known) => {
                known.insert(room);
                known.into_mut()
            }
        }
    }

    pub(crate) fn remove(&mut self, project: &str) -> Option<Room> {
        self.by_id.remove(project)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&ProjectId, &mut Room)> {
        self.by_id.iter_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ProjectId, &Room)> {
        self.by_id.iter()
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (ProjectId, Room)> + use<> {
        self.in_flight = None;
        self.overdue = None;
        self.lingering.clear();
        std::mem::take(&mut self.by_id).into_iter()
    }

    /// The project to join or leave next.
    pub(crate) fn next(&self, now: Instant) -> Option<(ProjectId, bool)> {
        let due = |room: &Room| match (room.wanted, room.actual) {
            (true, Actual::Out) => room.not_before.is_none_or(|at| at <= now),
            (false, Actual::In) => true,
            _ => false,
        };
        let due = self.by_id.iter().filter(|(project, room)| due(room) && self.may_ask(project));
        let (project, room) = due.min_by_key(|(_, room)| room.order)?;
        Some((project.clone(), room.wanted))
    }

    /// Whether an answer could not be mistaken for that of a request for another project.
    pub(crate) fn may_ask(&self, project: &ProjectId) -> bool {
        self.in_flight.is_none() && self.overdue.as_ref().is_none_or(|overdue| overdue.project == *project)
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn give_up(&mut self, asked: InFlight) {
        *self.lingering.entry(asked.project.clone()).or_default() |= !asked.joining;
        self.overdue = Some(asked);
    }

    /// The server has said that we are in the room, in answer to nobody knows which request.
    pub(crate) fn linger(&mut self, project: &ProjectId) {
        if self.by_id.contains_key(project) {
            self.lingering.entry(project.clone()).or_default();
        }
    }

    /// The server has refused a request; if it named no project, of any of them.
    pub(crate) fn doubt(&mut self, named: Option<&ProjectId>) {
        let meant = self.by_id.iter_mut().filter(|(project, _)| named.is_none_or(|named| named == *project));
        for unacknowledged in meant.filter_map(|(_, room)| room.unacknowledged.as_mut()) {
            unacknowledged.doubtful = true;
        }
    }

    /// The acknowledgement of a join that is taken for confirmed: of which project, and whether that is doubtful.
    pub(crate) fn acknowledge(&mut self, ack: u64) -> Option<(ProjectId, bool)> {
        self.by_id.iter_mut().find_map(|(project, room)| {
            let join = room.unacknowledged.take_if(|join| join.ack == ack)?;
            (room.wanted && room.actual == Actual::In).then(|| (project.clone(), join.doubtful))
        })
    }

    /// The server has said that we are out.
    pub(crate) fn left(&mut self, project: &str) {
        self.lingering.remove(project);
    }

    /// Whether the server may have us in the room though nobody wants that.
    pub(crate) fn lingers(&self, project: &str) -> bool {
        self.lingering.contains_key(project)
    }

    /// Whether what comes of the project may be of before a leave.
    pub(crate) fn may_be_old(&self, project: &str) -> bool {
        self.lingering.get(project) == Some(&true)
    }

    /// The only project the server can mean when it names none.
    pub(crate) fn only(&self) -> Option<&ProjectId> {
        let mut present = self.by_id.iter().filter(|(_, room)| room.actual != Actual::Out);
        let (project, room) = present.next()?;
        // What comes of a room that was left, or may have been, must not be taken for this one's.
        if self.lingering.keys().any(|other| other != project) {
            return None;
        }
        (present.next().is_none() && room.wanted).then_some(project)
    }

    /// The connection is gone, and the server has forgotten all rooms.
    pub(crate) fn lost(&mut self) {
        self.in_flight = None;
        self.overdue = None;
        self.lingering.clear();
        for room in self.by_id.values_mut() {
            room.actual = Actual::Out;
            room.not_before = None;
            room.unacknowledged = None;
            room.follower.on_connection_lost();
        }
    }
}
