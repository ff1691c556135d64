//! End of a simulation: completeness of every client, and the size of all tables on the way.

use std::time::Duration;

use super::{
    process::{ProjectProgress, Running},
    reader::Reader,
    world::{Action, World},
};

/// Time after the trouble within which every client must have everything.
const RECOVERY_MAX: Duration = Duration::from_secs(3 * 3600);
/// Time after the trouble within which a client with a bad key must have ended.
const BAD_KEY_RUN_MAX: Duration = Duration::from_secs(180);

/// Reason why a client does not have everything yet.
#[derive(Debug)]
#[allow(dead_code)] // for the message of a failure
enum Unfinished<'a> {
    Away,
    Ended,
    Events { project: &'a str, progress: &'a ProjectProgress, head: u64 },
    Reading(&'a Reader),
}

impl World {
    pub(super) fn measure(&mut self) {
        let hour = (self.now.as_secs() / 3600) as usize;
        self.sizes.resize(self.sizes.len().max(hour + 1), 0);
        let size = self.clients.iter().filter_map(|client| client.running.as_deref()).map(Running::size).sum();
        self.sizes[hour] = self.sizes[hour].max(size);
        if self.troubled {
            self.after(Duration::from_secs(5), Action::Measure);
        }
    }

    /// Checks that every client has everything, or looks again later.
    pub(super) fn check_done(&mut self) {
        let calm_since = self.calm_since.unwrap_or(self.now);
        let waited = self.now - calm_since.max(self.spawned).min(self.now);
        let unfinished = (0..self.clients.len()).find_map(|client| Some((client, self.unfinished(client)?)));
        let is_away = |client: &super::process::Process| client.running.is_none() || client.asleep_until.is_some();
        if self.clients.iter().any(is_away) {
            return self.after(Duration::from_secs(30), Action::CheckDone);
        }
        if unfinished.is_none() {
            self.tally.slowest = waited.as_secs();
            self.done = true;
            return;
        }
        let refused = self.clients.iter().any(|client| client.bad_key && client.running.is_some());
        assert!(!refused || waited < BAD_KEY_RUN_MAX, "a client lives on with a bad key");
        assert!(waited < RECOVERY_MAX, "NEVER CAUGHT UP: {unfinished:?} after {waited:?}");
        self.after(Duration::from_secs(1), Action::CheckDone);
    }

    fn unfinished(&self, client: usize) -> Option<Unfinished<'_>> {
        let Some(running) = &self.clients[client].running else { return Some(Unfinished::Away) };
        if running.over {
            return Some(Unfinished::Ended);
        }
        for ((room, log), contents) in running.rooms.iter().zip(&self.server.logs).zip(&self.server.contents) {
            let done = match &room.progress {
                ProjectProgress::Log(log_progress) => log_progress.is_done(log),
                ProjectProgress::Decisions(decisions) => decisions.is_done(contents),
                ProjectProgress::Nothing => false,
            };
            if room.project.is_none() || !done {
                return Some(Unfinished::Events { project: &log.name, progress: &room.progress, head: log.head() });
            }
        }
        running.readers.iter().find(|reader| !reader.is_done(&self.server)).map(Unfinished::Reading)
    }
}
