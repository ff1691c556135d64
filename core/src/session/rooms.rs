//! Projects that the user wants to follow, and rooms that the client is in. The machine reconciles the two.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Instant,
};

use super::{
    CommandId, Now,
    follower::Follower,
    room_requests::{RoomRequestKind, RoomRequests},
};
use crate::events::ProjectId;

/// Membership of the client in a room, as far as the client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Membership {
    Out,
    Joining,
    In,
    Leaving,
}

/// State of one project and its room.
#[derive(Debug)]
pub(crate) struct Room {
    /// True if the user wants to be in the room.
    pub(crate) wanted: bool,
    pub(crate) membership: Membership,
    /// True if the user's join has succeeded. Stays true during later rejoins.
    pub(crate) join_succeeded: bool,
    /// Callers that wait for the join.
    pub(crate) joiners: Vec<CommandId>,
    /// Callers that wait for the leave.
    pub(crate) leavers: Vec<CommandId>,
    /// Time by which the user's join must succeed. The clock runs while there is no connection and while the join is in
    /// progress, but not while the join is queued for its first attempt.
    pub(crate) join_deadline: Option<Instant>,
    /// Earliest time at which the next join may be sent; `None` for immediately.
    pub(crate) next_join_at: Option<Instant>,
    /// Time at which the first unconfirmed join of the room was sent on the current connection. The client may have
    /// been in the room since then.
    pub(crate) first_join_sent_at: Option<Now>,
    /// Number of consecutive failed joins and removals by the server.
    pub(crate) join_failure_count: u32,
    /// Message about the last failed join, usually from the server.
    pub(crate) last_failure_message: Option<String>,
    /// Position in the order in which the user requested rooms. Rooms with the same number of failures are joined in
    /// that order.
    join_order: u64,
    pub(crate) follower: Follower,
}

/// Rooms that the user wants or that the client may still be in, by project.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    by_project: BTreeMap<ProjectId, Room>,
    last_join_order: u64,
}

impl Rooms {
    pub(crate) fn get(&self, project: &str) -> Option<&Room> {
        self.by_project.get(project)
    }

    pub(crate) fn get_mut(&mut self, project: &str) -> Option<&mut Room> {
        self.by_project.get_mut(project)
    }

    pub(crate) fn insert(&mut self, project: ProjectId, follower: Follower) -> &mut Room {
        self.last_join_order += 1;
        let room = Room {
            wanted: true,
            membership: Membership::Out,
            join_succeeded: false,
            joiners: Vec::new(),
            leavers: Vec::new(),
            join_deadline: None,
            next_join_at: None,
            first_join_sent_at: None,
            join_failure_count: 0,
            last_failure_message: None,
            join_order: self.last_join_order,
            follower,
        };
        match self.by_project.entry(project) {
            Entry::Vacant(vacant) => vacant.insert(room),
            Entry::Occupied(mut known) => {
                known.insert(room);
                known.into_mut()
            }
        }
    }

    pub(crate) fn remove(&mut self, project: &str) -> Option<Room> {
        self.by_project.remove(project)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&ProjectId, &mut Room)> {
        self.by_project.iter_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ProjectId, &Room)> {
        self.by_project.iter()
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (ProjectId, Room)> + use<> {
        std::mem::take(&mut self.by_project).into_iter()
    }

    /// Returns the join or leave to send next, if any is due. Must not be called while an answer is awaited. Projects
    /// with failed joins rank last.
    pub(crate) fn next_request(&self, now: Instant) -> Option<(ProjectId, RoomRequestKind)> {
        let due = |room: &Room| match (room.wanted, room.membership) {
            (true, Membership::Out) => room.next_join_at.is_none_or(|at| at <= now),
            (false, Membership::In) => true,
            _ => false,
        };
        let due = self.by_project.iter().filter(|(_, room)| due(room));
        let (project, room) = due.min_by_key(|(_, room)| (room.join_failure_count, room.join_order))?;
        Some((project.clone(), if room.wanted { RoomRequestKind::Join } else { RoomRequestKind::Leave }))
    }

    /// Returns the project that a message without a project must refer to, or `None` if no project or several projects
    /// are possible.
    pub(crate) fn only_possible_project(&self, requests: &RoomRequests) -> Option<&ProjectId> {
        let mut present = self.by_project.iter().filter(|(_, room)| room.membership != Membership::Out);
        let (project, room) = present.next()?;
        // A message from another room that the client may still be in must not be attributed to this project.
        let is_only = present.next().is_none() && room.wanted && !requests.may_be_in_other_room(project);
        is_only.then_some(project)
    }

    /// Resets all rooms. On a new connection, the client is in no room.
    pub(crate) fn on_connection_lost(&mut self) {
        for room in self.by_project.values_mut() {
            room.membership = Membership::Out;
            (room.next_join_at, room.first_join_sent_at) = (None, None);
            // Failures on the lost connection do not predict failures on the next connection. Those of a first join
            // still count, so that its deadline stays in force.
            if room.join_succeeded {
                room.join_failure_count = 0;
            }
            room.follower.on_connection_lost();
        }
    }
}
