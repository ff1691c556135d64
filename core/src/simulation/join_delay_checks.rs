//! Check that a join that is never answered delays other joins by at most one timeout.

use std::time::{Duration, Instant};

use super::{
    program::{Call, ProgramRun},
    world::World,
};

/// Timeout of a join, plus a tolerance for timers.
const JOIN_DELAY_MAX: Duration = Duration::from_secs(11);

/// Project and time of each join that was sent on one connection.
#[derive(Debug, Default)]
pub(super) struct SentJoins(Vec<(usize, Instant)>);

impl SentJoins {
    fn contains(&self, project: usize) -> bool {
        self.0.iter().any(|(sent, _)| *sent == project)
    }
}

impl ProgramRun {
    /// Returns `true` if the program has joined the project, or has waited for the join since before this time, and if
    /// the join has been neither refused nor sent on this connection.
    fn has_unsent_join(&self, project: usize, since: Duration) -> bool {
        let is_its_join = |call: &Call| matches!(call, Call::Join(request, _) if *request == project);
        let state = &self.project_states[project];
        let is_pending = state.project.is_some() || self.calls.iter().any(is_its_join) && state.join_called_at < since;
        // The client repeats a refused join only after a pause.
        is_pending && !self.sent_joins.contains(project) && state.refused_join_arrivals.is_empty()
    }
}

impl World {
    /// Returns the project of the event in the packet, if the event has this name.
    pub(super) fn project_in_packet(&self, event: &str, packet: &str) -> Option<usize> {
        let arguments = packet.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("[\"")?;
        let named = arguments.strip_prefix(event)?.strip_prefix(r#"",{"project_id":""#)?;
        self.server.project_index(named.split_once('"')?.0)
    }

    /// Records the joins and leaves that a client sends, and checks that no join was delayed for too long.
    pub(super) fn record_sent_join_or_leave(&mut self, client: usize, running: &mut ProgramRun, packet: &str) {
        if let Some(project) = self.project_in_packet("join_project", packet) {
            running.project_states[project].sent_join_count += 1;
            self.check_join_delay(client, running, project);
            running.sent_joins.0.push((project, self.client_now(client).mono));
        }
        if let Some(project) = self.project_in_packet("leave_project", packet) {
            running.project_states[project].has_unanswered_leave = true;
        }
    }

    fn check_join_delay(&mut self, client: usize, running: &ProgramRun, project: usize) {
        // If replies may be late, other joins may also time out and be pending again.
        let replies_in_time = self.scenario.server.late_reply_rate == 0.0 && self.scenario.network.stall_rate == 0.0;
        if !replies_in_time || !self.ignores_joins_of(0) {
            return;
        }
        if project == 0 && running.sent_joins.contains(0) {
            let waiting = (1..running.project_states.len()).find(|other| running.has_unsent_join(*other, self.now));
            assert!(waiting.is_none(), "a join that is never answered was sent again before the join of {waiting:?}");
        }
        let before = running.sent_joins.0.last().filter(|(before, _)| *before == 0 && project != 0);
        if let Some((_, sent)) = before {
            let waited = self.client_now(client).mono - *sent;
            let since = self.now.saturating_sub(waited);
            if running.has_unsent_join(project, since) {
                assert!(waited <= JOIN_DELAY_MAX, "a join that is never answered has delayed another for {waited:?}");
                self.tally.joins_delayed += 1;
            }
        }
    }
}
