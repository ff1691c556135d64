//! Event log of a project, with all its branches. Clients are checked against the log.

use serde_json::{Value, json};

/// Id of a logged event, together with the branch of the log that contains the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulation) struct LogPosition {
    pub(in crate::simulation) branch: usize,
    pub(in crate::simulation) id: u64,
}

/// One history of the log. Restoring a backup starts a new branch at an earlier position of the previous branch;
/// replacing the log starts a branch without a parent.
#[derive(Debug)]
struct Branch {
    log_id: String,
    parent: Option<usize>,
    /// Id up to which the branch shares the events of its parent.
    last_shared_id: u64,
    /// Kind and time of each event after the last shared event.
    events: Vec<(&'static str, jiff::Timestamp)>,
}

/// Event log of a project.
#[derive(Debug)]
pub(in crate::simulation) struct Log {
    pub(in crate::simulation) project_id: String,
    branches: Vec<Branch>,
    /// Id of the oldest event that the log contains.
    pub(in crate::simulation) oldest_id: u64,
    /// Largest id of any event that has expired, on any branch.
    pub(in crate::simulation) newest_expired_id: u64,
    statistics_count: u64,
}

impl Log {
    pub(in crate::simulation) fn new(project_id: String) -> Self {
        let branch = Branch { log_id: "log-0".into(), parent: None, last_shared_id: 0, events: Vec::new() };
        Self { project_id, branches: vec![branch], oldest_id: 1, newest_expired_id: 0, statistics_count: 0 }
    }

    pub(in crate::simulation) fn current_branch(&self) -> usize {
        self.branches.len() - 1
    }

    pub(in crate::simulation) fn head_id(&self) -> u64 {
        let branch = &self.branches[self.current_branch()];
        branch.last_shared_id + branch.events.len() as u64
    }

    pub(in crate::simulation) fn log_id(&self) -> &str {
        &self.branches[self.current_branch()].log_id
    }

    /// Returns the position of the event that currently has this id.
    pub(in crate::simulation) fn position(&self, id: u64) -> LogPosition {
        self.resolve(self.current_branch(), id)
    }

    fn resolve(&self, mut branch: usize, id: u64) -> LogPosition {
        while let Some(parent) = self.branches[branch].parent.filter(|_| id <= self.branches[branch].last_shared_id) {
            branch = parent;
        }
        LogPosition { branch, id }
    }

    fn event(&self, position: LogPosition) -> Option<&(&'static str, jiff::Timestamp)> {
        let branch = self.branches.get(position.branch)?;
        branch.events.get(usize::try_from(position.id.checked_sub(branch.last_shared_id + 1)?).ok()?)
    }

    pub(in crate::simulation) fn kind(&self, position: LogPosition) -> Option<&'static str> {
        self.event(position).map(|(kind, _)| *kind)
    }

    /// Returns `true` if `later` follows `earlier` in the history of `later`'s branch.
    pub(in crate::simulation) fn follows(&self, later: LogPosition, earlier: LogPosition) -> bool {
        later.id > earlier.id && self.resolve(later.branch, earlier.id) == earlier
    }

    /// Returns the positions between an id and a later position, in the history of that position's branch.
    pub(in crate::simulation) fn between(&self, earlier: u64, later: LogPosition) -> impl Iterator<Item = LogPosition> {
        (earlier + 1..later.id).map(move |id| self.resolve(later.branch, id))
    }

    pub(in crate::simulation) fn was_restored_or_replaced(&self) -> bool {
        self.branches.len() > 1
    }

    pub(in crate::simulation) fn append(
        &mut self,
        kind: &'static str,
        at: jiff::Timestamp,
        logged_events_max: u64,
    ) -> u64 {
        let current_branch = self.current_branch();
        self.branches[current_branch].events.push((kind, at));
        let head_id = self.head_id();
        self.oldest_id = self.oldest_id.max((head_id + 1).saturating_sub(logged_events_max));
        self.newest_expired_id = self.newest_expired_id.max(self.oldest_id - 1);
        head_id
    }

    /// Restores a backup that lacks the last `missing_events` events.
    pub(in crate::simulation) fn restore_backup(&mut self, missing_events: u64) {
        let last_shared_id = self.head_id() - missing_events.min(self.head_id());
        let log_id = self.log_id().to_owned();
        self.branches.push(Branch { log_id, parent: Some(self.current_branch()), last_shared_id, events: Vec::new() });
        self.oldest_id = self.oldest_id.min(last_shared_id + 1);
    }

    pub(in crate::simulation) fn replace(&mut self) {
        let log_id = format!("log-{}", self.branches.len());
        self.branches.push(Branch { log_id, parent: None, last_shared_id: 0, events: Vec::new() });
        self.oldest_id = 1;
    }

    /// Returns the name and data of the event that currently has this id. The data contains a key that identifies the
    /// event's position for the checks.
    pub(in crate::simulation) fn event_name_and_data(&self, id: u64) -> (&'static str, Value) {
        let position = self.position(id);
        let Some((kind, at)) = self.event(position) else { panic!("the log has no event at {position:?}") };
        let key = format!("{}/{}/{id}", self.project_id, position.branch);
        let mut data = match *kind {
            "moderation_update" => json!({"content_id": key, "status": "approved", "timestamp": at.to_string()}),
            "rule_update" => json!({"action": "updated", "rule": {"id": "r", "name": "spam"}}),
            _ => json!({"user_id": "u", "activity": {}}),
        };
        data["key"] = key.into();
        data["project_id"] = (*self.project_id).into();
        data["event_id"] = id.into();
        (kind, data)
    }

    /// Returns the data of the next `stats_update`, which is not logged.
    pub(in crate::simulation) fn next_statistics(&mut self) -> Value {
        self.statistics_count += 1;
        json!({"project_id": self.project_id, "total_content": self.statistics_count})
    }
}
