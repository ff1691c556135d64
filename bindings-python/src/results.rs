//! Results of REST calls as dicts, from which `_rest.py` creates data classes.

use automoderate::{Content, ContentPage, Error, Health, Moderation, ReviewQueue, Rule, Snapshot, Statistics};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};

use crate::{errors, events, json};

pub(crate) fn moderation_to_dict<'py>(py: Python<'py>, decided: Moderation) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("content_id", decided.content_id)?;
    dict.set_item("status", decided.status.as_str())?;
    dict.set_item("moderation_results", json::to_python(py, &decided.moderation_results.into())?)?;
    Ok(dict)
}

/// Converts the results of a batch to a list of dicts and exceptions.
pub(crate) fn batch_to_list<'py>(
    py: Python<'py>,
    results: Vec<Result<Moderation, Error>>,
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for result in results {
        match result {
            Ok(decided) => list.append(moderation_to_dict(py, decided)?)?,
            Err(error) => list.append(errors::to_exception(py, &(&error).into())?)?,
        }
    }
    Ok(list)
}

pub(crate) fn content_to_dict<'py>(py: Python<'py>, found: Content) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("id", found.id)?;
    dict.set_item("project_id", found.project_id.as_deref())?;
    dict.set_item("content_type", found.content_type)?;
    dict.set_item("content_data", found.content_data)?;
    dict.set_item("meta_data", found.meta_data.map(|value| json::to_python(py, &value)).transpose()?)?;
    dict.set_item("status", found.status.as_str())?;
    dict.set_item("created_at", events::to_instant(&found.created_at))?;
    dict.set_item("updated_at", events::to_instant(&found.updated_at))?;
    dict.set_item("moderation_results", json::to_python(py, &found.moderation_results.into())?)?;
    Ok(dict)
}

fn contents_to_list<'py>(py: Python<'py>, items: Vec<Content>) -> PyResult<Vec<Bound<'py, PyDict>>> {
    items.into_iter().map(|found| content_to_dict(py, found)).collect()
}

pub(crate) fn page_to_dict<'py>(py: Python<'py>, page: ContentPage) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("items", contents_to_list(py, page.items)?)?;
    dict.set_item("page", page.page)?;
    dict.set_item("has_more", page.has_more)?;
    dict.set_item("total", page.total)?;
    dict.set_item("unreadable", page.unreadable)?;
    Ok(dict)
}

pub(crate) fn statistics_to_dict<'py>(py: Python<'py>, counted: &Statistics) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("total_content", counted.total_content)?;
    dict.set_item("approved", counted.approved)?;
    dict.set_item("rejected", counted.rejected)?;
    dict.set_item("flagged", counted.flagged)?;
    dict.set_item("pending", counted.pending)?;
    dict.set_item("approval_rate", counted.approval_rate)?;
    dict.set_item("extra", json::object_to_python(py, &counted.extra)?)?;
    Ok(dict)
}

pub(crate) fn health_to_dict<'py>(py: Python<'py>, health: Health) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("status", health.status)?;
    dict.set_item("extra", json::object_to_python(py, &health.extra)?)?;
    Ok(dict)
}

/// Converts a snapshot to a dict whose rules are already objects of the class `Rule`.
pub(crate) fn snapshot_to_dict<'py>(py: Python<'py>, snapshot: Snapshot) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("cursor", snapshot.cursor.to_string())?;
    dict.set_item("stats", statistics_to_dict(py, &snapshot.stats)?)?;
    dict.set_item("rules", rules_to_python(py, &snapshot.rules)?)?;
    dict.set_item("review", review_queue_to_dict(py, snapshot.review)?)?;
    Ok(dict)
}

/// Converts rules to objects of the class `Rule`.
pub(crate) fn rules_to_python<'py>(py: Python<'py>, rules: &[Rule]) -> PyResult<Vec<Bound<'py, PyAny>>> {
    rules.iter().map(|rule| events::rule_to_python(py, rule)).collect()
}

fn review_queue_to_dict<'py>(py: Python<'py>, queue: ReviewQueue) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("total", queue.total)?;
    dict.set_item("items", contents_to_list(py, queue.items)?)?;
    Ok(dict)
}
