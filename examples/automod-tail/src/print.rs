//! The output: JSON for programs, short lines for people.

use std::{io, time::Duration};

use automoderate::{Event, State};
use serde_json::json;
use tokio::time::timeout;

use crate::{exit::Outcome, write::Lines};

/// The time that the end waits for a reader that takes nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// Writes events to stdout and everything else to stderr.
#[derive(Clone)]
pub(crate) struct Printer {
    json: bool,
    out: Lines,
    err: Lines,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, out: Lines::to(io::stdout()), err: Lines::to(io::stderr()) }
    }

    /// Writes an event, in order. False if nobody reads stdout any more, or it can't be written.
    ///
    /// A slow reader delays only the reading of further events, not the client itself.
    pub(crate) async fn event(&self, event: &Event) -> bool {
        self.out.push(if self.json { event.to_line() } else { describe(event) }).await
    }

    /// Resolves when nobody reads stdout any more, or it can't be written.
    pub(crate) async fn gone(&self) {
        self.out.ended().await;
    }

    /// Waits until all events are written, however long that takes; none can be written after that.
    pub(crate) async fn written(&self) {
        self.out.end().await;
    }

    /// Prints the reason for the end. Unwritten output gets only a little more time.
    pub(crate) async fn finish(self, outcome: Outcome) -> Outcome {
        let _ = timeout(PATIENCE, self.out.end()).await;
        let outcome = match (outcome, self.out.failure()) {
            (Outcome::Done, Some(error)) => Outcome::Unwritable(error),
            (outcome, _) => outcome,
        };
        match &outcome {
            Outcome::Done | Outcome::Interrupted => {}
            Outcome::Failed(error) if self.json => {
                self.err.offer(json!({"error": error.code(), "message": error.to_string()}).to_string());
            }
            Outcome::Failed(error) => self.err.offer(format!("automod-tail: {error}")),
            Outcome::Unwritable(error) if self.json => {
                self.err.offer(json!({"error": "unwritable", "message": format!("stdout: {error}")}).to_string());
            }
            Outcome::Unwritable(error) => self.err.offer(format!("automod-tail: stdout: {error}")),
        }
        let _ = timeout(PATIENCE, self.err.end()).await;
        outcome
    }

    /// `url`: the address that the client is connected to, or tries next.
    pub(crate) fn state(&self, state: &State, url: &str) {
        let line = match (state, self.json) {
            // Nothing has changed yet.
            (State::Idle, _) => return,
            (State::Reconnecting { attempt, retry_in, cause }, true) => json!({
                "state": state.as_str(), "attempt": attempt, "retry_in": seconds(retry_in.as_secs_f64()),
                "url": url, "cause": cause.code(), "message": cause.to_string(),
            })
            .to_string(),
            (State::Closed { reason }, true) => {
                json!({"state": state.as_str(), "reason": reason.code(), "message": reason.to_string()}).to_string()
            }
            (State::Connected, true) => json!({"state": state.as_str(), "url": url}).to_string(),
            (_, true) => json!({"state": state.as_str()}).to_string(),
            (State::Reconnecting { attempt, retry_in, cause }, false) => {
                format!("-- reconnecting: attempt {attempt} in {:.1} s at {url} ({cause})", retry_in.as_secs_f64())
            }
            (State::Connected, false) => format!("-- connected to {url}"),
            (_, false) => format!("-- {}", state.as_str()),
        };
        self.err.offer(line);
    }
}

/// To the millisecond: enough for a pause.
fn seconds(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn describe(event: &Event) -> String {
    let place = match (event.project_id(), event.event_id()) {
        (Some(project), Some(id)) => format!("{project} #{id}"),
        (Some(project), None) => project.to_string(),
        (None, _) => "-".to_owned(),
    };
    // Content may contain anything, including control sequences of a terminal.
    let clean = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let text = match event {
        Event::ModerationUpdate(update) => {
            let rule = update.rule_name.as_deref().map(|rule| format!(" [{}]", clean(rule))).unwrap_or_default();
            format!("{:<8} {}{rule}", update.status.as_str(), clean(&update.content_preview))
        }
        Event::StatsUpdate(stats) => format!(
            "{} decided: {} approved, {} rejected, {} flagged",
            stats.total_content, stats.approved, stats.rejected, stats.flagged
        ),
        Event::RuleUpdate(update) => format!("rule {} {}", clean(&update.rule.name), update.action),
        Event::SystemNotification(note) => format!("{}: {}", note.notification_type, clean(&note.message)),
        Event::UserActivity(activity) => format!("user {}", clean(&activity.user_id)),
        Event::ServerError(error) => clean(&error.message),
        Event::UnknownEvent(event) => format!("{} {}", clean(&event.name), clean(event.data.as_str())),
        Event::MalformedEvent(event) => format!("{}: {}", clean(&event.name), clean(&event.reason)),
        Event::Gap(gap) => match gap.missed {
            Some(missed) => format!("{missed} events are missing: {}", gap.reason.as_str()),
            None => format!("events are missing: {}", gap.reason.as_str()),
        },
        Event::Lagged(lagged) => format!("{} events dropped: reading too slowly", lagged.missed),
        _ => String::new(),
    };
    format!("{place} {:<19} {text}", event.name())
}
