//! A project's event log with all its pasts: the reference for the checks.

use serde_json::{Value, json};

/// Id of a kept event, together with the past of the log that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulation) struct LogPosition {
    pub(in crate::simulation) past: usize,
    pub(in crate::simulation) id: u64,
}

/// One history of the log. A restored backup returns to an earlier point of another past and continues differently.
#[derive(Debug)]
struct Past {
    log: String,
    parent: Option<usize>,
    /// Id up to which the events are the parent's.
    fork: u64,
    /// Events after the fork: their kinds and times.
    events: Vec<(&'static str, jiff::Timestamp)>,
}

#[derive(Debug)]
pub(in crate::simulation) struct Log {
    pub(in crate::simulation) name: String,
    pasts: Vec<Past>,
    pub(in crate::simulation) oldest: u64,
    /// Positions that a restore has dropped.
    pub(in crate::simulation) forgotten: u64,
    pub(in crate::simulation) appended: u64,
    stats: u64,
}

impl Log {
    pub(in crate::simulation) fn new(name: String) -> Self {
        let past = Past { log: "log-0".into(), parent: None, fork: 0, events: Vec::new() };
        Self { name, pasts: vec![past], oldest: 1, forgotten: 0, appended: 0, stats: 0 }
    }

    pub(in crate::simulation) fn present(&self) -> usize {
        self.pasts.len() - 1
    }

    pub(in crate::simulation) fn head(&self) -> u64 {
        let past = &self.pasts[self.present()];
        past.fork + past.events.len() as u64
    }

    pub(in crate::simulation) fn log(&self) -> &str {
        &self.pasts[self.present()].log
    }

    /// Position of the current event with this id.
    pub(in crate::simulation) fn position(&self, id: u64) -> LogPosition {
        self.origin(self.present(), id)
    }

    fn origin(&self, mut past: usize, id: u64) -> LogPosition {
        while let Some(parent) = self.pasts[past].parent.filter(|_| id <= self.pasts[past].fork) {
            past = parent;
        }
        LogPosition { past, id }
    }

    fn event(&self, position: LogPosition) -> Option<&(&'static str, jiff::Timestamp)> {
        let past = self.pasts.get(position.past)?;
        past.events.get(usize::try_from(position.id.checked_sub(past.fork + 1)?).ok()?)
    }

    pub(in crate::simulation) fn kind(&self, position: LogPosition) -> Option<&'static str> {
        self.event(position).map(|(kind, _)| *kind)
    }

    /// Returns `true` if `later` follows `earlier` in one past, with only ids between them.
    pub(in crate::simulation) fn follows(&self, later: LogPosition, earlier: LogPosition) -> bool {
        later.id > earlier.id && self.origin(later.past, earlier.id) == earlier
    }

    /// Events between two positions of one past.
    pub(in crate::simulation) fn between(&self, earlier: u64, later: LogPosition) -> impl Iterator<Item = LogPosition> {
        (earlier + 1..later.id).map(move |id| self.origin(later.past, id))
    }

    pub(in crate::simulation) fn has_changed(&self) -> bool {
        self.pasts.len() > 1
    }

    pub(in crate::simulation) fn append(&mut self, kind: &'static str, at: jiff::Timestamp, retention: u64) -> u64 {
        let present = self.present();
        self.pasts[present].events.push((kind, at));
        self.appended += 1;
        let head = self.head();
        self.oldest = self.oldest.max((head + 1).saturating_sub(retention));
        self.forgotten = self.forgotten.max(self.oldest - 1);
        head
    }

    /// Restores an older state.
    pub(in crate::simulation) fn restore(&mut self, back: u64) {
        let fork = self.head() - back.min(self.head());
        let log = self.log().to_owned();
        self.pasts.push(Past { log, parent: Some(self.present()), fork, events: Vec::new() });
        self.oldest = self.oldest.min(fork + 1);
    }

    /// Replaces the log by a new one.
    pub(in crate::simulation) fn start_over(&mut self) {
        let log = format!("log-{}", self.pasts.len());
        self.pasts.push(Past { log, parent: None, fork: 0, events: Vec::new() });
        self.oldest = 1;
    }

    /// The current event with this id, as it is sent. A key in it identifies its position for the checks.
    pub(in crate::simulation) fn payload(&self, id: u64) -> (&'static str, Value) {
        let position = self.position(id);
        let Some((kind, at)) = self.event(position) else { panic!("the model has no event {position:?}") };
        let key = format!("{}/{}/{id}", self.name, position.past);
        let mut data = match *kind {
            "moderation_update" => json!({"content_id": key, "status": "approved", "timestamp": at.to_string()}),
            "rule_update" => json!({"action": "updated", "rule": {"id": "r", "name": "spam"}}),
            _ => json!({"user_id": "u", "activity": {}}),
        };
        data["key"] = key.into();
        data["project_id"] = (*self.name).into();
        data["event_id"] = id.into();
        (kind, data)
    }

    /// Next statistics, which no log keeps.
    pub(in crate::simulation) fn statistics(&mut self) -> Value {
        self.stats += 1;
        json!({"project_id": self.name, "total_content": self.stats})
    }
}
