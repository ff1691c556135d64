//! Joins are sent one at a time, and one that is never answered delays the others by one timeout.

use std::time::{Duration, Instant};

use super::{
    process::{Call, Running},
    world::World,
};

/// Timeout of a join, plus the tolerance of timers.
const JOIN_DELAY_MAX: Duration = Duration::from_secs(11);

/// Joins that were sent on a connection: their projects and times.
#[derive(Debug, Default)]
pub(super) struct SentJoins(Vec<(usize, Instant)>);

impl SentJoins {
    fn has(&self, project: usize) -> bool {
        self.0.iter().any(|(sent, _)| *sent == project)
    }
}

impl Running {
    /// Returns `true` if the project's join has waited since before this time and was not sent on this connection.
    fn has_unsent_join(&self, project: usize, since: Duration) -> bool {
        let is_asked = |call: &Call| matches!(call, Call::Join(asked, _) if *asked == project);
        let room = &self.rooms[project];
        let wanted = room.project.is_some() || self.calls.iter().any(is_asked) && room.join_called_at < since;
        // A refused join is repeated only after a pause.
        wanted && !self.sent_joins.has(project) && room.refusals.is_empty()
    }
}

impl World {
    /// Project of an event with this name, if the packet is one.
    pub(super) fn project_of(&self, event: &str, packet: &str) -> Option<usize> {
        let arguments = packet.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("[\"")?;
        let named = arguments.strip_prefix(event)?.strip_prefix(r#"",{"project_id":""#)?;
        self.server.project(named.split_once('"')?.0)
    }

    pub(super) fn count_requests(&mut self, at: usize, running: &mut Running, packet: &str) {
        if let Some(project) = self.project_of("join_project", packet) {
            running.rooms[project].joins += 1;
            self.check_join_order(at, running, project);
            running.sent_joins.0.push((project, self.present(at).mono));
        }
        if let Some(project) = self.project_of("leave_project", packet) {
            running.rooms[project].has_open_leave = true;
        }
    }

    fn check_join_order(&mut self, at: usize, running: &Running, project: usize) {
        // If answers are late, other joins have failed as well and wait.
        let plain = self.scenario.server.answers_late == 0.0 && self.scenario.wire.stalls == 0.0;
        if !plain || !self.ignores_joins_of(0) {
            return;
        }
        if project == 0 && running.sent_joins.has(0) {
            let waiting = (1..running.rooms.len()).find(|other| running.has_unsent_join(*other, self.now));
            assert!(waiting.is_none(), "a join that is never answered is sent again before that of {waiting:?}");
        }
        let before = running.sent_joins.0.last().filter(|(before, _)| *before == 0 && project != 0);
        if let Some((_, sent)) = before {
            let waited = self.present(at).mono - *sent;
            let since = self.now.saturating_sub(waited);
            if running.has_unsent_join(project, since) {
                assert!(waited <= JOIN_DELAY_MAX, "a join that is never answered has held up another for {waited:?}");
                self.tally.held_up += 1;
            }
        }
    }
}
