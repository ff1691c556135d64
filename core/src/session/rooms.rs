//! The projects that a user wants, and the rooms that the client is in. The machine reconciles the two.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Instant,
};

use super::{
    Now, Token,
    follower::Follower,
    requests::{RequestKind, Requests},
};
use crate::events::ProjectId;

/// The client's membership of a room, as known to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Membership {
    Out,
    Joining,
    In,
    Leaving,
}

/// State of one project.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) wanted: bool,
    pub(crate) membership: Membership,
    /// True if the user knows that the join succeeded.
    pub(crate) confirmed: bool,
    pub(crate) joiners: Vec<Token>,
    pub(crate) leavers: Vec<Token>,
    /// Deadline of the user's first join. It runs without a connection and during the join.
    pub(crate) deadline: Option<Instant>,
    pub(crate) not_before: Option<Instant>,
    /// Time of the first join on this connection that is not confirmed. The server may have let the client in since then.
    pub(crate) asked_at: Option<Now>,
    pub(crate) failures: u32,
    /// Last message of the server about a join that is retried.
    pub(crate) last_message: Option<String>,
    /// Rooms are joined in the order in which they were requested.
    order: u64,
    pub(crate) follower: Follower,
}

/// All projects.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    by_id: BTreeMap<ProjectId, Room>,
    orders: u64,
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
            membership: Membership::Out,
            confirmed: false,
            joiners: Vec::new(),
            leavers: Vec::new(),
            deadline: None,
            not_before: None,
            asked_at: None,
            failures: 0,
            last_message: None,
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
        std::mem::take(&mut self.by_id).into_iter()
    }

    /// The project to join or leave next when no answer is awaited. Projects that the server has failed to answer come
    /// last.
    pub(crate) fn next(&self, now: Instant) -> Option<(ProjectId, RequestKind)> {
        let due = |room: &Room| match (room.wanted, room.membership) {
            (true, Membership::Out) => room.not_before.is_none_or(|at| at <= now),
            (false, Membership::In) => true,
            _ => false,
        };
        let due = self.by_id.iter().filter(|(_, room)| due(room));
        let (project, room) = due.min_by_key(|(_, room)| (room.failures, room.order))?;
        Some((project.clone(), if room.wanted { RequestKind::Join } else { RequestKind::Leave }))
    }

    /// The only project that a message without a project can refer to.
    pub(crate) fn only(&self, requests: &Requests) -> Option<&ProjectId> {
        let mut present = self.by_id.iter().filter(|(_, room)| room.membership != Membership::Out);
        let (project, room) = present.next()?;
        // Messages of a room that may have been left must not be attributed to this one.
        let is_only = present.next().is_none() && room.wanted && !requests.lingers_elsewhere(project);
        is_only.then_some(project)
    }

    /// Resets all rooms, because a new connection starts outside of them.
    pub(crate) fn on_connection_lost(&mut self) {
        for room in self.by_id.values_mut() {
            room.membership = Membership::Out;
            (room.not_before, room.asked_at) = (None, None);
            // The loss of the old connection says nothing about the project.
            if room.confirmed {
                room.failures = 0;
            }
            room.follower.on_connection_lost();
        }
    }
}
