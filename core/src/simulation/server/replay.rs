//! `replay_events`, and the listing by REST.

use serde_json::{Value, json};

use super::{super::world::World, Request};
use crate::{
    Error, ErrorKind, Origin,
    events::{Event, Received, decode},
    session::{BackfillRequest, Found, Wanted},
};

/// Decisions may be published a little out of the order of their timestamps: what the driver asks for besides.
const SLACK: std::time::Duration = std::time::Duration::from_secs(2);
/// How long ago what a client is sent live while it waits for a listing may have been decided.
const LIVE: std::time::Duration = std::time::Duration::from_secs(120);

impl World {
    pub(super) fn replay(&mut self, id: u64, request: &Request, project: usize) {
        let manners = &self.scenario.server;
        let in_room = self.connections.get(&id).is_some_and(|connection| connection.socket.rooms.contains(&project));
        if !in_room || !manners.has_log {
            return self.refuse(id, request, json!({"message": "Join the project first", "code": "not_joined"}));
        }
        if self.troubled && self.dice.chance(manners.refuses_pages) {
            let mut words = json!({"message": "Server error occurred", "code": "server_error"});
            if self.dice.chance(0.5) {
                words["retry_after"] = self.dice.between(1, 20).into();
            }
            return self.refuse(id, request, words);
        }
        let log = &self.server.logs[project];
        let number = |name: &str| request.data[name].as_u64().unwrap_or_default();
        let (after, limit) = (number("after"), number("limit").min(manners.page_max));
        let first = (after + 1).max(log.oldest);
        let last = (first + limit - 1).min(log.head());
        let events: Vec<Value> = (first..=last)
            .map(|id| log.payload(id, true))
            .map(|(name, data)| json!({"event": name, "data": data}))
            .collect();
        let page = json!({"events": events, "head": log.head(), "oldest": log.oldest, "log": log.log()});
        self.answer(id, request, &[], page);
    }

    /// What REST answers, and whether that is all.
    pub(in crate::simulation) fn list(&mut self, request: &BackfillRequest) -> Result<Found, Error> {
        let forgets = self.troubled && self.dice.chance(self.scenario.server.forgets_content);
        let fails = !self.server.up || (forgets && self.dice.chance(0.5));
        let project = self.server.project(&request.project).filter(|_| !fails);
        let Some(project) = project else {
            return Err(Error::new(ErrorKind::ConnectFailed, "the listing can't be had"));
        };
        let start = Some(self.wall());
        let flagged = Some(Vec::new());
        let Wanted::Missed { since } = request.wanted else {
            return Ok(Found { complete: true, flagged, start, ..Found::default() });
        };
        let log = &self.server.logs[project];
        let mut ids = log.decided_since(since.saturating_sub(SLACK).unwrap_or(jiff::Timestamp::MIN));
        if forgets {
            // A listing that is cut off lacks the oldest, which nobody was sent meanwhile.
            let old = self.wall().saturating_sub(LIVE).unwrap_or(jiff::Timestamp::MIN);
            let listed: std::collections::BTreeSet<_> = log.decided_since(old).into_iter().collect();
            let half = ids.len() / 2;
            ids = ids
                .into_iter()
                .enumerate()
                .filter(|(at, id)| *at >= half || listed.contains(id))
                .map(|(_, id)| id)
                .collect();
        }
        let received = Received { origin: Origin::Backfill, at: self.wall() };
        let update = |id| match decode("moderation_update", &log.payload(id, false).1.to_string(), received) {
            update @ Event::ModerationUpdate(_) => update,
            other => panic!("the model's own listing can't be read: {other:?}"),
        };
        let events = ids.into_iter().map(update).collect();
        Ok(Found { events, complete: !forgets, flagged, ..Found::default() })
    }
}
