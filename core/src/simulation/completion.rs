//! Measurement of table sizes, and the check that ends the simulation once every client has received everything.

use std::time::Duration;

use super::{
    action::ScheduledAction,
    program::{ProgramRun, ProjectProgress},
    reader::Reader,
    world::World,
};

/// Time after the fault phase, or after the last start or wake-up if later, within which every client must have
/// received everything.
const RECOVERY_MAX: Duration = Duration::from_secs(3 * 3600);
/// Time, counted from the same moment, within which a client with a bad API key must have closed.
const BAD_KEY_RUN_MAX: Duration = Duration::from_secs(180);

/// Reason why a client has not received everything yet.
#[derive(Debug)]
#[allow(dead_code)] // the fields appear in the message of a failed assertion
enum IncompleteReason<'a> {
    NotRunning,
    ClientEnded,
    EventsMissing { project: &'a str, progress: &'a ProjectProgress, head: u64 },
    EventsUnread(&'a Reader),
}

impl World {
    /// Updates the maximum number of table entries in the current hour. During the fault phase, also schedules the next
    /// measurement.
    pub(super) fn measure_entry_count(&mut self) {
        let hour = (self.now.as_secs() / 3600) as usize;
        self.entry_count_max_by_hour.resize(self.entry_count_max_by_hour.len().max(hour + 1), 0);
        let size =
            self.clients.iter().filter_map(|client| client.running.as_deref()).map(ProgramRun::table_entry_count).sum();
        self.entry_count_max_by_hour[hour] = self.entry_count_max_by_hour[hour].max(size);
        if self.faults_active {
            self.schedule_after(Duration::from_secs(5), ScheduledAction::MeasureEntryCount);
        }
    }

    /// Ends the simulation if every client has received everything, and schedules another check otherwise.
    pub(super) fn check_completion(&mut self) {
        let faults_ended_at = self.faults_ended_at.unwrap_or(self.now);
        let waited = self.now - faults_ended_at.max(self.last_start_or_wake_up_at).min(self.now);
        let incomplete =
            (0..self.clients.len()).find_map(|client| Some((client, self.find_incomplete_reason(client)?)));
        let is_away = |client: &super::program::Program| client.running.is_none() || client.asleep_until.is_some();
        if self.clients.iter().any(is_away) {
            return self.schedule_after(Duration::from_secs(30), ScheduledAction::CheckCompletion);
        }
        if incomplete.is_none() {
            self.tally.slowest_recovery_s = waited.as_secs();
            self.is_finished = true;
            return;
        }
        let refused = self.clients.iter().any(|client| client.has_bad_key && client.running.is_some());
        assert!(!refused || waited < BAD_KEY_RUN_MAX, "a client with a bad API key has not closed");
        assert!(waited < RECOVERY_MAX, "NEVER CAUGHT UP: {incomplete:?} after {waited:?}");
        self.schedule_after(Duration::from_secs(1), ScheduledAction::CheckCompletion);
    }

    fn find_incomplete_reason(&self, client: usize) -> Option<IncompleteReason<'_>> {
        let Some(running) = &self.clients[client].running else { return Some(IncompleteReason::NotRunning) };
        if running.has_ended {
            return Some(IncompleteReason::ClientEnded);
        }
        for ((state, log), contents) in running.project_states.iter().zip(&self.server.logs).zip(&self.server.contents)
        {
            let done = match &state.progress {
                ProjectProgress::Log(log_progress) => log_progress.is_done(log),
                ProjectProgress::Decisions(decisions) => decisions.is_done(contents),
                ProjectProgress::Nothing => false,
            };
            if state.project.is_none() || !done {
                return Some(IncompleteReason::EventsMissing {
                    project: &log.project_id,
                    progress: &state.progress,
                    head: log.head_id(),
                });
            }
        }
        running.readers.iter().find(|reader| !reader.is_done(&self.server)).map(IncompleteReason::EventsUnread)
    }
}
