//! Items of a project without a log, and the decisions on them. REST lists the items, and what clients receive is
//! checked against the decisions.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::events::Event;

/// Defect of an item's row in the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulation) enum RowDefect {
    None,
    /// The metadata contains `NaN`, which is not valid JSON.
    NotANumber,
    /// The row's id is an object, so the row can't be parsed.
    Unreadable,
    /// The row exceeds the size limit of a response.
    TooLarge,
}

/// Decision on an item.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulation) struct Decision {
    pub(in crate::simulation) item_index: usize,
    pub(in crate::simulation) decided_at: jiff::Timestamp,
    status: &'static str,
    /// True if the server publishes an event for the decision. Reviews are not published.
    pub(in crate::simulation) is_published: bool,
}

#[derive(Debug)]
struct Item {
    submitted_at: jiff::Timestamp,
    /// Positions in `history` of the decisions on the item.
    decision_positions: Vec<usize>,
    defect: RowDefect,
    /// Size of the row, in rows of ordinary size.
    size_in_rows: u64,
}

/// All items of a project.
#[derive(Debug)]
pub(in crate::simulation) struct ModelContents {
    project: String,
    items: Vec<Item>,
    /// All decisions, in the order in which they were made.
    pub(in crate::simulation) history: Vec<Decision>,
    pub(in crate::simulation) flagged: BTreeSet<usize>,
}

impl ModelContents {
    pub(in crate::simulation) fn new(project: String) -> Self {
        Self { project, items: Vec::new(), history: Vec::new(), flagged: BTreeSet::new() }
    }

    pub(in crate::simulation) fn submit(&mut self, at: jiff::Timestamp, defect: RowDefect, size_in_rows: u64) -> usize {
        self.items.push(Item { submitted_at: at, decision_positions: Vec::new(), defect, size_in_rows });
        self.items.len() - 1
    }

    /// Adds a decision and returns its position in the history.
    pub(in crate::simulation) fn decide(
        &mut self,
        item_index: usize,
        status: &'static str,
        at: jiff::Timestamp,
        is_published: bool,
    ) -> usize {
        if status == "flagged" {
            self.flagged.insert(item_index);
        } else {
            self.flagged.remove(&item_index);
        }
        self.history.push(Decision { item_index, decided_at: at, status, is_published });
        self.items[item_index].decision_positions.push(self.history.len() - 1);
        self.history.len() - 1
    }

    /// Returns the data of the event that reports a decision.
    pub(in crate::simulation) fn decision_event_data(&self, position: usize) -> Value {
        let Decision { item_index, decided_at, status, .. } = self.history[position];
        json!({
            "content_id": self.id(item_index), "project_id": self.project, "status": status,
            "timestamp": decided_at.to_string(),
        })
    }

    pub(in crate::simulation) fn first_decision_position(&self, item_index: usize) -> usize {
        self.items[item_index].decision_positions[0]
    }

    /// Returns `true` if a lookup of this item may fail.
    pub(in crate::simulation) fn lookup_may_fail(&self, id: &str) -> bool {
        self.index_of(id).is_none_or(|item_index| self.is_unreadable(item_index))
    }

    pub(in crate::simulation) fn id(&self, item_index: usize) -> String {
        format!("{}/{item_index:04}", self.project)
    }

    /// Returns the position of the decision that an event reports, or `None` for an item of another project.
    pub(in crate::simulation) fn decision_position_of(&self, event: &Event) -> Option<usize> {
        let Event::ModerationUpdate(update) = event else { return None };
        let item_index = self.index_of(&update.content_id)?;
        let position = self.items[item_index].decision_positions.iter().find(|position| {
            let decision = self.history[**position];
            Some(decision.decided_at) == update.timestamp.instant() && update.status == *decision.status
        });
        Some(*position.unwrap_or_else(|| panic!("the server has not made this decision: {event:?}")))
    }

    fn index_of(&self, id: &str) -> Option<usize> {
        let number = id.strip_prefix(self.project.as_str())?.strip_prefix('/')?;
        number.parse().ok().filter(|number| *number < self.items.len())
    }

    /// Returns `true` if the client can't read the row of this item.
    pub(in crate::simulation) fn is_unreadable(&self, item_index: usize) -> bool {
        matches!(self.items[item_index].defect, RowDefect::Unreadable | RowDefect::TooLarge)
    }

    pub(in crate::simulation) fn has_readable_item(&self) -> bool {
        (0..self.items.len()).any(|item_index| !self.is_unreadable(item_index))
    }

    /// Returns the number of items submitted since this time.
    pub(in crate::simulation) fn count_submitted_since(&self, since: jiff::Timestamp) -> usize {
        self.items.iter().rev().take_while(|item| item.submitted_at >= since).count()
    }

    fn status(&self, item_index: usize) -> &'static str {
        self.items[item_index].decision_positions.last().map_or("pending", |position| self.history[*position].status)
    }

    /// Returns a page of the listing, newest item first, or `None` if the page exceeds the size limit of a response.
    pub(in crate::simulation) fn page(
        &self,
        flagged: bool,
        page: usize,
        per_page: usize,
        response_size_max_rows: u64,
    ) -> Option<String> {
        let mut listed = (0..self.items.len()).rev().filter(|at| !flagged || self.flagged.contains(at));
        let rows: Vec<_> = listed.by_ref().skip((page - 1) * per_page).take(per_page).collect();
        if rows.iter().map(|at| self.row_size(*at, response_size_max_rows)).sum::<u64>() > response_size_max_rows {
            return None;
        }
        let has_more = listed.next().is_some();
        let rows: Vec<_> = rows.into_iter().map(|at| self.row(at)).collect();
        Some(format!(r#"{{"content":[{}],"pagination":{{"page":{page},"has_more":{has_more}}}}}"#, rows.join(",")))
    }

    /// Returns the response to the lookup of an item, or `None` if the response exceeds the size limit.
    pub(in crate::simulation) fn look_up(&self, id: &str) -> Option<String> {
        let item_index = self.index_of(id).unwrap_or_else(|| panic!("the item {id} does not exist"));
        (self.items[item_index].defect != RowDefect::TooLarge)
            .then(|| format!(r#"{{"content":{}}}"#, self.row(item_index)))
    }

    fn row_size(&self, item_index: usize, response_size_max_rows: u64) -> u64 {
        let Item { defect, size_in_rows, .. } = self.items[item_index];
        if defect == RowDefect::TooLarge { response_size_max_rows + 1 } else { size_in_rows }
    }

    fn row(&self, item_index: usize) -> String {
        let Item { submitted_at, defect, ref decision_positions, .. } = self.items[item_index];
        let updated = decision_positions.last().map_or(submitted_at, |position| self.history[*position].decided_at);
        let id = match defect {
            RowDefect::Unreadable => json!({"no": self.id(item_index)}),
            _ => self.id(item_index).into(),
        };
        let row = json!({
            "id": id, "project_id": self.project, "content_type": "text", "content_data": "x", "meta_data": null,
            "status": self.status(item_index), "created_at": submitted_at.to_string(), "updated_at": updated.to_string(),
            "moderation_results": [],
        });
        match defect {
            RowDefect::NotANumber => row.to_string().replace(r#""meta_data":null"#, r#""meta_data":{"score":NaN}"#),
            _ => row.to_string(),
        }
    }
}
