//! The items of a project without a log, and the decisions about them: REST lists them, and the checks compare with
//! them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::events::Event;

/// Defect of a row in the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulation) enum RowDefect {
    None,
    /// Metadata with a number that JSON can't represent.
    NoNumber,
    Unreadable,
    /// A row larger than the largest answer.
    Huge,
}

/// One decision, in the order in which they were made.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulation) struct Decision {
    pub(in crate::simulation) content: usize,
    pub(in crate::simulation) at: jiff::Timestamp,
    status: &'static str,
    /// True if the server sends an event for it, which it does not for a review.
    pub(in crate::simulation) published: bool,
}

#[derive(Debug)]
struct Content {
    created: jiff::Timestamp,
    decisions: Vec<usize>,
    defect: RowDefect,
    /// Its share of the largest answer.
    weight: u64,
}

#[derive(Debug)]
pub(in crate::simulation) struct Contents {
    project: String,
    all: Vec<Content>,
    pub(in crate::simulation) history: Vec<Decision>,
    pub(in crate::simulation) flagged: BTreeSet<usize>,
}

impl Contents {
    pub(in crate::simulation) fn new(project: String) -> Self {
        Self { project, all: Vec::new(), history: Vec::new(), flagged: BTreeSet::new() }
    }

    pub(in crate::simulation) fn submit(&mut self, at: jiff::Timestamp, defect: RowDefect, weight: u64) -> usize {
        self.all.push(Content { created: at, decisions: Vec::new(), defect, weight });
        self.all.len() - 1
    }

    /// Adds a decision; returns its position.
    pub(in crate::simulation) fn decide(
        &mut self,
        content: usize,
        status: &'static str,
        at: jiff::Timestamp,
        published: bool,
    ) -> usize {
        if status == "flagged" {
            self.flagged.insert(content);
        } else {
            self.flagged.remove(&content);
        }
        self.history.push(Decision { content, at, status, published });
        self.all[content].decisions.push(self.history.len() - 1);
        self.history.len() - 1
    }

    /// Event of a decision.
    pub(in crate::simulation) fn payload(&self, position: usize) -> Value {
        let Decision { content, at, status, .. } = self.history[position];
        json!({
            "content_id": self.id(content), "project_id": self.project, "status": status, "timestamp": at.to_string(),
        })
    }

    /// Position of an item's first decision.
    pub(in crate::simulation) fn first_decision(&self, content: usize) -> usize {
        self.all[content].decisions[0]
    }

    /// Returns `true` if a lookup of this item may fail.
    pub(in crate::simulation) fn is_defective(&self, id: &str) -> bool {
        self.number(id).is_none_or(|content| self.is_unreadable(content))
    }

    pub(in crate::simulation) fn id(&self, content: usize) -> String {
        format!("{}/{content:04}", self.project)
    }

    /// Position of the decision that an event reports.
    pub(in crate::simulation) fn find(&self, event: &Event) -> Option<usize> {
        let Event::ModerationUpdate(update) = event else { return None };
        let content = self.number(&update.content_id)?;
        let position = self.all[content].decisions.iter().find(|position| {
            let decision = self.history[**position];
            Some(decision.at) == update.timestamp.instant() && update.status == *decision.status
        });
        Some(*position.unwrap_or_else(|| panic!("nobody has decided this: {event:?}")))
    }

    fn number(&self, id: &str) -> Option<usize> {
        let number = id.strip_prefix(self.project.as_str())?.strip_prefix('/')?;
        number.parse().ok().filter(|number| *number < self.all.len())
    }

    /// Returns `true` if rows of this item may be reported as malformed.
    pub(in crate::simulation) fn is_unreadable(&self, content: usize) -> bool {
        matches!(self.all[content].defect, RowDefect::Unreadable | RowDefect::Huge)
    }

    pub(in crate::simulation) fn has_readable(&self) -> bool {
        (0..self.all.len()).any(|content| !self.is_unreadable(content))
    }

    /// Number of items submitted since then.
    pub(in crate::simulation) fn submitted_since(&self, since: jiff::Timestamp) -> usize {
        self.all.iter().rev().take_while(|content| content.created >= since).count()
    }

    fn status(&self, content: usize) -> &'static str {
        self.all[content].decisions.last().map_or("pending", |position| self.history[*position].status)
    }

    /// Page of the listing, newest first; `None` if it exceeds the largest answer.
    pub(in crate::simulation) fn page(
        &self,
        flagged: bool,
        page: usize,
        per_page: usize,
        weight_max: u64,
    ) -> Option<String> {
        let mut listed = (0..self.all.len()).rev().filter(|at| !flagged || self.flagged.contains(at));
        let rows: Vec<_> = listed.by_ref().skip((page - 1) * per_page).take(per_page).collect();
        if rows.iter().map(|at| self.weight(*at, weight_max)).sum::<u64>() > weight_max {
            return None;
        }
        let has_more = listed.next().is_some();
        let rows: Vec<_> = rows.into_iter().map(|at| self.row(at)).collect();
        Some(format!(r#"{{"content":[{}],"pagination":{{"page":{page},"has_more":{has_more}}}}}"#, rows.join(",")))
    }

    /// Answer to the lookup of one item; `None` if it exceeds the largest answer.
    pub(in crate::simulation) fn look_up(&self, id: &str) -> Option<String> {
        let content = self.number(id).unwrap_or_else(|| panic!("nobody has submitted {id}"));
        (self.all[content].defect != RowDefect::Huge).then(|| format!(r#"{{"content":{}}}"#, self.row(content)))
    }

    fn weight(&self, content: usize, weight_max: u64) -> u64 {
        let Content { defect, weight, .. } = self.all[content];
        if defect == RowDefect::Huge { weight_max + 1 } else { weight }
    }

    fn row(&self, content: usize) -> String {
        let Content { created, defect, ref decisions, .. } = self.all[content];
        let updated = decisions.last().map_or(created, |position| self.history[*position].at);
        let id = match defect {
            RowDefect::Unreadable => json!({"no": self.id(content)}),
            _ => self.id(content).into(),
        };
        let row = json!({
            "id": id, "project_id": self.project, "content_type": "text", "content_data": "x", "meta_data": null,
            "status": self.status(content), "created_at": created.to_string(), "updated_at": updated.to_string(),
            "moderation_results": [],
        });
        match defect {
            RowDefect::NoNumber => row.to_string().replace(r#""meta_data":null"#, r#""meta_data":{"score":NaN}"#),
            _ => row.to_string(),
        }
    }
}
