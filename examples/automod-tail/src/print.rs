//! Output of events and states: JSON for programs, short lines for humans.

use std::{io, time::Duration};

use automoderate::{Event, State};
use serde_json::json;
use tokio::time::timeout;

use crate::{exit::Outcome, write::LineQueue};

/// Time limit for each flush at the end: of stdout, and of stderr.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Printer that writes events to stdout, and everything else to stderr.
#[derive(Clone)]
pub(crate) struct Printer {
    json: bool,
    stdout: LineQueue,
    stderr: LineQueue,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, stdout: LineQueue::spawn_writer(io::stdout()), stderr: LineQueue::spawn_writer(io::stderr()) }
    }

    /// Prints an event. Returns `false` if stdout is closed or can't be written to.
    ///
    /// If stdout is read slowly, the call waits, but the client keeps working.
    pub(crate) async fn print_event(&self, event: &Event) -> bool {
        self.stdout.push(if self.json { event.to_line() } else { describe_event(event) }).await
    }

    /// Waits until stdout is closed or can't be written to.
    pub(crate) async fn wait_until_output_closed(&self) {
        self.stdout.wait_until_closed().await;
    }

    /// Waits, without a time limit, until all events are written or writing fails. No events can be printed afterwards.
    pub(crate) async fn flush_events(&self) {
        self.stdout.close_and_flush().await;
    }

    /// Flushes stdout, prints the error, if any, and flushes stderr; each flush takes at most `FLUSH_TIMEOUT`. Returns
    /// the outcome, or `StdoutFailed` if everything was done but stdout could not be written to.
    pub(crate) async fn print_outcome_and_flush(self, outcome: Outcome) -> Outcome {
        let _ = timeout(FLUSH_TIMEOUT, self.stdout.close_and_flush()).await;
        let outcome = match (outcome, self.stdout.take_write_error()) {
            (Outcome::Done, Some(error)) => Outcome::StdoutFailed(error),
            (outcome, _) => outcome,
        };
        match &outcome {
            Outcome::Done | Outcome::Interrupted => {}
            Outcome::Failed(error) if self.json => {
                self.stderr.try_push(json!({"error": error.code(), "message": error.to_string()}).to_string());
            }
            Outcome::Failed(error) => self.stderr.try_push(format!("automod-tail: {error}")),
            Outcome::StdoutFailed(error) if self.json => {
                self.stderr.try_push(json!({"error": "unwritable", "message": format!("stdout: {error}")}).to_string());
            }
            Outcome::StdoutFailed(error) => self.stderr.try_push(format!("automod-tail: stdout: {error}")),
        }
        let _ = timeout(FLUSH_TIMEOUT, self.stderr.close_and_flush()).await;
        outcome
    }

    /// Prints a state. `url` is the URL that the client is connected to, or will try next.
    pub(crate) fn print_state(&self, state: &State, url: &str) {
        let line = match (state, self.json) {
            // The initial state is not a change.
            (State::Idle, _) => return,
            (State::Reconnecting { attempt, retry_in, cause }, true) => json!({
                "state": state.as_str(), "attempt": attempt, "retry_in": round_to_millis(retry_in.as_secs_f64()),
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
        self.stderr.try_push(line);
    }
}

/// Rounds to milliseconds, which is precise enough for a delay.
fn round_to_millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

fn describe_event(event: &Event) -> String {
    let origin_text = match (event.project_id(), event.event_id()) {
        (Some(project), Some(id)) => format!("{project} #{id}"),
        (Some(project), None) => project.to_string(),
        (None, _) => "-".to_owned(),
    };
    // Content may contain control sequences, which must not reach the terminal.
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
    format!("{origin_text} {:<19} {text}", event.name())
}
