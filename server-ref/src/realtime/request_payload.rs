//! Parsing of request payloads from clients.

use serde_json::Value;

use super::reply::Failure;
use crate::ids::is_valid_project_id;

/// Returns the project id in a payload, or a failure if the id is missing or invalid.
pub(super) fn requested_project_id(payload: Option<&Value>) -> Result<&str, Failure> {
    match payload.and_then(|payload| payload.get("project_id")) {
        None | Some(Value::Null) => Err(Failure::invalid("Project ID required")),
        Some(Value::String(id)) if id.is_empty() => Err(Failure::invalid("Project ID required")),
        Some(Value::String(id)) if is_valid_project_id(id) => Ok(id),
        Some(_) => Err(Failure::invalid("Invalid project ID format")),
    }
}
