//! Items of a project, as REST lists them.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// Items in the order in which they were first named.
#[derive(Debug, Default)]
pub(super) struct Contents {
    rows: Vec<Map<String, Value>>,
    /// Index of each item by its id.
    places: HashMap<String, usize>,
    /// Submission and answer for each idempotency key.
    submitted: HashMap<String, (Value, Value)>,
}

/// Outcome of a submission with an idempotency key.
pub(super) enum Submitted {
    New,
    Before(Value),
    Other,
}

/// Timestamps in the form of the server: those without a log omit the `Z`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) zoned: bool,
}

impl Clock {
    pub(super) fn now(self) -> String {
        let form = if self.zoned { "%Y-%m-%dT%H:%M:%S%.6fZ" } else { "%Y-%m-%dT%H:%M:%S%.6f" };
        jiff::Timestamp::now().strftime(form).to_string()
    }
}

impl Contents {
    /// Sets fields of the item with this id; a new one also gets the fields that every item has.
    pub(super) fn store(&mut self, project: &str, id: &str, fields: Map<String, Value>, clock: Clock) {
        let now = fields.get("updated_at").cloned().unwrap_or_else(|| clock.now().into());
        let row = match self.places.get(id) {
            Some(place) => &mut self.rows[*place],
            None => {
                self.places.insert(id.to_owned(), self.rows.len());
                self.rows.push(new_row(project, id, &now));
                let last = self.rows.len() - 1;
                &mut self.rows[last]
            }
        };
        row.insert("updated_at".to_owned(), now);
        row.extend(fields);
    }

    /// Stores the decision of a `moderation_update`.
    pub(super) fn decided(&mut self, project: &str, update: &Map<String, Value>, clock: Clock) {
        let text = |name: &str| update.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(id), Some(status)) = (text("content_id"), text("status")) else { return };
        let at = text("timestamp").map_or_else(|| clock.now(), str::to_owned);
        let mut fields = Map::new();
        fields.insert("status".to_owned(), status.into());
        fields.insert("updated_at".to_owned(), at.clone().into());
        for (of, name) in
            [("content_type", "content_type"), ("content_preview", "content_data"), ("meta_data", "meta_data")]
        {
            if let Some(value) = update.get(of).filter(|value| !value.is_null()) {
                fields.insert(name.to_owned(), value.clone());
            }
        }
        let mut results =
            self.get(id).and_then(|row| row["moderation_results"].as_array().cloned()).unwrap_or_default();
        if text("moderator_type").is_some() {
            let known = |name: &str| update.get(name).cloned().unwrap_or_default();
            results.push(json!({
                "id": format!("{id}-{}", results.len() + 1), "content_id": id, "decision": status,
                "moderator_type": known("moderator_type"), "moderator_id": null, "confidence": 0.9, "reason": "",
                "details": {"rule_name": known("rule_name")}, "processing_time": known("processing_time"),
                "created_at": at,
            }));
        }
        fields.insert("moderation_results".to_owned(), results.into());
        self.store(project, id, fields, clock);
    }

    pub(super) fn get(&self, id: &str) -> Option<&Map<String, Value>> {
        self.places.get(id).map(|place| &self.rows[*place])
    }

    /// Page of items, newest first, and the total number.
    pub(super) fn page(&self, page: usize, per_page: usize, status: Option<&str>) -> (Vec<&Map<String, Value>>, usize) {
        let wanted = |row: &&Map<String, Value>| status.is_none_or(|status| row.get("status") == Some(&status.into()));
        let skipped = page.saturating_sub(1).saturating_mul(per_page);
        let rows = self.rows.iter().rev().filter(wanted).skip(skipped).take(per_page).collect();
        (rows, self.rows.iter().filter(wanted).count())
    }

    pub(super) fn statistics(&self) -> Value {
        let count = |status: &str| self.rows.iter().filter(|row| row.get("status") == Some(&status.into())).count();
        let (total, approved) = (self.rows.len(), count("approved"));
        #[allow(clippy::cast_precision_loss)] // no test has that many
        let rate = if total == 0 { 0.0 } else { approved as f64 / total as f64 * 100.0 };
        json!({
            "total_content": total, "approved": approved, "rejected": count("rejected"), "flagged": count("flagged"),
            "pending": count("pending"), "approval_rate": rate,
        })
    }

    pub(super) fn submitted(&self, key: &str, body: &Value) -> Submitted {
        match self.submitted.get(key) {
            None => Submitted::New,
            Some((before, answer)) if before == body => Submitted::Before(answer.clone()),
            Some(_) => Submitted::Other,
        }
    }

    pub(super) fn remember(&mut self, key: &str, body: Value, answer: Value) {
        self.submitted.insert(key.to_owned(), (body, answer));
    }
}

fn new_row(project: &str, id: &str, now: &Value) -> Map<String, Value> {
    let row = json!({
        "id": id, "project_id": project, "content_type": "text", "content_data": "", "meta_data": null,
        "status": "approved", "created_at": now, "moderation_results": [],
    });
    match row {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}
