//! Handling of `replay_events`, whose acknowledgement contains a page of the events that a client missed.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use socketioxide::extract::AckSender;

use super::connection::Connection;
use super::reply::{Failure, acknowledge};
use super::request_payload::requested_project_id;

/// Maximum number of events in one page, which is also the default.
const REPLAY_PAGE_EVENTS_MAX: i64 = 500;

#[derive(Serialize)]
struct ReplayPageAck<'a> {
    events: Vec<ReplayEntry<'a>>,
    head: i64,
    oldest: i64,
    log: &'a str,
}

#[derive(Serialize)]
struct ReplayEntry<'a> {
    event: &'a str,
    data: &'a RawValue,
}

/// The acknowledgement of a refused replay.
#[derive(Serialize)]
pub(super) struct RefusedReplayAck<'a> {
    error: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl<'a> From<&'a Failure> for RefusedReplayAck<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self { error: &failure.message, code: failure.code, retry_after: failure.retry_after }
    }
}

pub(super) async fn on_replay_events(connection: &Connection, payload: Option<Value>, ack: AckSender) {
    let log = connection.realtime.store.log_id();
    match read_page(connection, payload.as_ref()).await {
        Ok(page) => {
            let answer = ReplayPageAck {
                events: page.events.iter().map(|(event, data)| ReplayEntry { event, data }).collect(),
                head: page.head,
                oldest: page.oldest,
                log: &log,
            };
            acknowledge(ack, &answer);
        }
        Err(failure) => acknowledge(ack, &RefusedReplayAck::from(&failure)),
    }
}

async fn read_page(connection: &Connection, payload: Option<&Value>) -> Result<crate::store::EventPage, Failure> {
    let id = requested_project_id(payload)?;
    if !connection.has_joined(id) {
        return Err(Failure::new("not_joined", "Join the project first"));
    }
    let field = |name: &str| payload.and_then(|payload| payload.get(name));
    let after = match field("after") {
        None | Some(Value::Null) => 0,
        Some(value) => {
            parse_non_negative_integer(value).ok_or_else(|| Failure::invalid("`after` must be an event id"))?
        }
    };
    let limit = match field("limit") {
        None | Some(Value::Null) => REPLAY_PAGE_EVENTS_MAX,
        Some(value) => parse_non_negative_integer(value)
            .filter(|&limit| limit > 0)
            .ok_or_else(|| Failure::invalid("`limit` must be from 1 to 500"))?,
    };
    let page = connection.realtime.store.events_after(id, after, limit.min(REPLAY_PAGE_EVENTS_MAX)).await;
    page.map_err(|error| Failure::internal(&error))
}

/// Parses a non-negative integer, given as a JSON number or as decimal text.
fn parse_non_negative_integer(value: &Value) -> Option<i64> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    (number >= 0).then_some(number)
}
