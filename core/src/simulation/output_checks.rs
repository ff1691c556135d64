//! Checks of the events that a session machine outputs and of the positions at which streams start. The events are also
//! recorded, so that the readers can be checked later.

use super::{
    decision_progress::DecisionProgress,
    expected_buffer::ExpectedBuffer,
    log_progress::{Excuses, LogProgress},
    program::{ProgramRun, ProjectProgress},
    reader::is_delivered_to_every_project,
    world::World,
};
use crate::{Backfill, Cursor, Overflow, events::Event};

impl World {
    pub(super) fn on_project_opened(&self, client: usize, running: &mut ProgramRun, project: usize) {
        let state = &mut running.project_states[project];
        state.progress = match self.scenario.server.has_log {
            true => ProjectProgress::Log(LogProgress::new(state.join_cursor.as_ref().map(Cursor::event_id))),
            false => {
                let plan = &self.clients[client].plan;
                let polls = plan.review_poll_s.is_some();
                // Until the server has executed a leave, an event that precedes the reply to the join may predate the
                // leave.
                let decision_count_at_leave = if state.has_unanswered_leave {
                    self.server.contents[project].history.len()
                } else {
                    state.decision_count_at_leave
                };
                ProjectProgress::Decisions(DecisionProgress::new(
                    state.decision_count_at_join.max(state.decision_count_at_join_call).max(decision_count_at_leave),
                    polls,
                    plan.backfill != Backfill::Auto,
                ))
            }
        };
        state.initial_progress = state.progress.clone();
        (state.initial_buffer, state.unlogged_count_since_join) = (Some(ExpectedBuffer::default()), 0);
        for reader in running.readers.iter_mut().filter(|reader| reader.project.is_none()) {
            reader.on_project_opened(project, &state.initial_progress);
        }
    }

    pub(super) fn on_stream_started(&self, running: &mut ProgramRun, project: usize, cursor: &Cursor) {
        assert!(
            cursor.event_id() <= self.server.logs[project].head_id()
                || self.server.logs[project].was_restored_or_replaced()
        );
        let state = &mut running.project_states[project];
        (state.start_event_id, state.removed_reader_event_id) = (Some(cursor.event_id()), None);
        for progress in [&mut state.progress, &mut state.initial_progress] {
            let ProjectProgress::Log(log_progress) = progress else { panic!("a server without a log sent a position") };
            log_progress.complete_to.get_or_insert(cursor.event_id());
        }
        if let ProjectProgress::Log(log_progress) = &state.progress {
            assert_eq!(
                log_progress.complete_to,
                Some(cursor.event_id()),
                "a stream starts at another position than its join"
            );
        }
        for reader in running.readers.iter_mut().filter(|reader| reader.project.is_none()) {
            reader.on_stream_started(project, cursor.event_id());
        }
    }

    /// Checks an event that the machine outputs, and records it for the readers that receive it later.
    pub(super) fn on_event_output(&mut self, client: usize, running: &mut ProgramRun, event: &Event) {
        self.tally.events_output += 1;
        let project = event.project_id().and_then(|name| self.server.project_index(name));
        let excuses = self.excuses(client, running.project_states.iter().map(|state| state.restore_undetected));
        if let Some(project) = project {
            let joined = running.project_states[project].decision_count_at_join;
            match &mut running.project_states[project].progress {
                // The event may belong to a join that succeeded after the program had stopped waiting for it.
                ProjectProgress::Nothing => {}
                ProjectProgress::Log(log_progress) => {
                    let missing = log_progress.check(event, &self.server.logs[project], excuses[project]);
                    self.tally.reported_missing += missing;
                }
                ProjectProgress::Decisions(decisions) => decisions.check(event, &self.server.contents[project], joined),
            }
        }
        for reader in running.readers.iter_mut().filter(|reader| reader.receives(event, project)) {
            reader.record(event);
        }
        for (number, state) in running.project_states.iter_mut().enumerate() {
            let is_for_project = project == Some(number) || project.is_none() && is_delivered_to_every_project(event);
            if let Some(initial_buffer) = state.initial_buffer.as_mut().filter(|_| is_for_project) {
                initial_buffer.record(event);
                state.unlogged_count_since_join +=
                    u64::from(event.event_id().is_none() && !matches!(event, Event::Gap(_)));
            }
        }
    }

    /// Returns, for each project, the reasons why a client may miss events.
    pub(super) fn excuses(&self, client: usize, restores_undetected: impl Iterator<Item = bool>) -> Vec<Excuses> {
        let (behaviour, network) = (&self.scenario.server, &self.scenario.network);
        let plan = &self.clients[client].plan;
        let excuses = Excuses {
            pages_unavailable: [
                behaviour.refused_page_rate,
                behaviour.late_reply_rate,
                network.garble_rate,
                network.stall_rate,
            ]
            .iter()
            .any(|p| *p > 0.0),
            backfill_disabled: plan.backfill == Backfill::Off,
            stale_join_replies: [behaviour.late_reply_rate, behaviour.duplicate_reply_rate, network.stall_rate]
                .iter()
                .any(|p| *p > 0.0),
            restore_undetected: false,
        };
        restores_undetected.map(|restore_undetected| Excuses { restore_undetected, ..excuses }).collect()
    }

    /// Returns `true` if the client's readers are checked against the logs instead of against their buffers.
    pub(super) fn checks_readers_against_logs(&self, client: usize) -> bool {
        self.scenario.server.has_log && self.clients[client].plan.overflow == Overflow::Replay
    }
}
