//! Content items of a project, as REST calls return them.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// Content items in the order in which they were created.
#[derive(Debug, Default)]
pub(super) struct StoredContents {
    rows: Vec<Map<String, Value>>,
    /// Position of each item in `rows`, by item id.
    row_indices_by_id: HashMap<String, usize>,
    /// Body and response of each submission that had an idempotency key, by that key.
    submissions_by_idempotency_key: HashMap<String, (Value, Value)>,
}

/// Result of looking up an idempotency key.
pub(super) enum IdempotencyLookup {
    /// The key is new.
    New,
    /// The same submission was made before and received this response.
    Repeated(Value),
    /// The key was used for a different submission.
    Mismatch,
}

/// Format of the server's timestamps. Servers without an event log omit the `Z`.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimestampFormat {
    pub(super) has_zone: bool,
}

impl TimestampFormat {
    /// Returns the current time in this format.
    pub(super) fn now(self) -> String {
        let form = if self.has_zone { "%Y-%m-%dT%H:%M:%S%.6fZ" } else { "%Y-%m-%dT%H:%M:%S%.6f" };
        jiff::Timestamp::now().strftime(form).to_string()
    }
}

impl StoredContents {
    /// Sets these fields of the item with this id, and its `updated_at`. If the item does not exist, creates it with
    /// default values in the other fields.
    pub(super) fn store(&mut self, project: &str, id: &str, fields: Map<String, Value>, format: TimestampFormat) {
        let now = fields.get("updated_at").cloned().unwrap_or_else(|| format.now().into());
        let row = match self.row_indices_by_id.get(id) {
            Some(index) => &mut self.rows[*index],
            None => {
                self.row_indices_by_id.insert(id.to_owned(), self.rows.len());
                self.rows.push(new_row(project, id, &now));
                let last = self.rows.len() - 1;
                &mut self.rows[last]
            }
        };
        row.insert("updated_at".to_owned(), now);
        row.extend(fields);
    }

    /// Stores the decision that a `moderation_update` contains; ignores updates without a `content_id` or a `status`.
    pub(super) fn store_decision(&mut self, project: &str, update: &Map<String, Value>, format: TimestampFormat) {
        let text = |name: &str| update.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(id), Some(status)) = (text("content_id"), text("status")) else { return };
        let at = text("timestamp").map_or_else(|| format.now(), str::to_owned);
        let mut fields = Map::new();
        fields.insert("status".to_owned(), status.into());
        fields.insert("updated_at".to_owned(), at.clone().into());
        for (update_field, content_field) in
            [("content_type", "content_type"), ("content_preview", "content_data"), ("meta_data", "meta_data")]
        {
            if let Some(value) = update.get(update_field).filter(|value| !value.is_null()) {
                fields.insert(content_field.to_owned(), value.clone());
            }
        }
        let mut results =
            self.get(id).and_then(|row| row["moderation_results"].as_array().cloned()).unwrap_or_default();
        if text("moderator_type").is_some() {
            let value = |name: &str| update.get(name).cloned().unwrap_or_default();
            results.push(json!({
                "id": format!("{id}-{}", results.len() + 1), "content_id": id, "decision": status,
                "moderator_type": value("moderator_type"), "moderator_id": null, "confidence": 0.9, "reason": "",
                "details": {"rule_name": value("rule_name")}, "processing_time": value("processing_time"),
                "created_at": at,
            }));
        }
        fields.insert("moderation_results".to_owned(), results.into());
        self.store(project, id, fields, format);
    }

    pub(super) fn get(&self, id: &str) -> Option<&Map<String, Value>> {
        self.row_indices_by_id.get(id).map(|index| &self.rows[*index])
    }

    /// Returns one page of the items with this status, or of all items if `status` is `None`, newest first, and the
    /// total number of these items.
    pub(super) fn page(&self, page: usize, per_page: usize, status: Option<&str>) -> (Vec<&Map<String, Value>>, usize) {
        let has_status =
            |row: &&Map<String, Value>| status.is_none_or(|status| row.get("status") == Some(&status.into()));
        let skipped = page.saturating_sub(1).saturating_mul(per_page);
        let rows = self.rows.iter().rev().filter(has_status).skip(skipped).take(per_page).collect();
        (rows, self.rows.iter().filter(has_status).count())
    }

    pub(super) fn statistics(&self) -> Value {
        let count = |status: &str| self.rows.iter().filter(|row| row.get("status") == Some(&status.into())).count();
        let (total, approved) = (self.rows.len(), count("approved"));
        #[allow(clippy::cast_precision_loss)] // no test stores more than 2^53 items
        let rate = if total == 0 { 0.0 } else { approved as f64 / total as f64 * 100.0 };
        json!({
            "total_content": total, "approved": approved, "rejected": count("rejected"), "flagged": count("flagged"),
            "pending": count("pending"), "approval_rate": rate,
        })
    }

    pub(super) fn find_submission(&self, key: &str, body: &Value) -> IdempotencyLookup {
        match self.submissions_by_idempotency_key.get(key) {
            None => IdempotencyLookup::New,
            Some((earlier, response)) if earlier == body => IdempotencyLookup::Repeated(response.clone()),
            Some(_) => IdempotencyLookup::Mismatch,
        }
    }

    pub(super) fn remember_submission(&mut self, key: &str, body: Value, response: Value) {
        self.submissions_by_idempotency_key.insert(key.to_owned(), (body, response));
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
