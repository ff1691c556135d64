//! Joins are sent one at a time, and one that is never answered delays the others by one timeout.

use std::time::{Duration, Instant};

use super::{
    process::{Call, Running},
    world::World,
};

/// Timeout of a join, plus the tolerance of timers.
const HELD_UP: Duration = Duration::from_secs(11);

/// Joins that were sent on a connection: their projects and times.
#[derive(Debug, Default)]
pub(super) struct Line(Vec<(usize, Instant)>);

impl Line {
    fn has(&self, project: usize) -> bool {
        self.0.iter().any(|(sent, _)| *sent == project)
    }
}

impl Running {
    /// Returns `true` if the project's join has waited since before this time and was not sent on this connection.
    fn waits(&self, project: usize, since: Duration) -> bool {
        let is_asked = |call: &Call| matches!(call, Call::Join(asked, _) if *asked == project);
        let room = &self.rooms[project];
        let wanted = room.project.is_some() || self.calls.iter().any(is_asked) && room.asked_at < since;
        // A refused join is repeated only after a pause.
        wanted && !self.line.has(project) && room.refusals.is_empty()
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
            self.check_line(at, running, project);
            running.line.0.push((project, self.present(at).mono));
        }
        if let Some(project) = self.project_of("leave_project", packet) {
            running.rooms[project].leave_open = true;
        }
    }

    fn check_line(&mut self, at: usize, running: &Running, project: usize) {
        // If answers are late, other joins have failed as well and wait.
        let plain = self.scenario.server.answers_late == 0.0 && self.scenario.wire.stalls == 0.0;
        if !plain || !self.is_deaf_to(0) {
            return;
        }
        if project == 0 && running.line.has(0) {
            let waiting = (1..running.rooms.len()).find(|other| running.waits(*other, self.now));
            assert!(waiting.is_none(), "a join that is never answered is sent again before that of {waiting:?}");
        }
        let before = running.line.0.last().filter(|(before, _)| *before == 0 && project != 0);
        if let Some((_, sent)) = before {
            let waited = self.present(at).mono - *sent;
            let since = self.now.saturating_sub(waited);
            if running.waits(project, since) {
                assert!(waited <= HELD_UP, "a join that is never answered has held up another for {waited:?}");
                self.tally.held_up += 1;
            }
        }
    }
}
