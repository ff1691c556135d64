//! What is written: JSON for programs, short lines for people.

use std::io::{self, Write};

use automoderate::{Error, Event, State};
use serde_json::json;

/// Writes events to stdout and everything else to stderr.
#[derive(Clone, Copy)]
pub(crate) struct Printer {
    json: bool,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes an event. False if nobody reads stdout any more.
    pub(crate) fn event(&self, event: &Event) -> bool {
        let line = if self.json { event.to_json() } else { describe(event) };
        let mut out = io::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).is_ok()
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
        eprintln!("{line}");
    }

    pub(crate) fn error(&self, error: &Error) {
        if self.json {
            eprintln!("{}", json!({"error": error.code(), "message": error.to_string()}));
        } else {
            eprintln!("automod-tail: {error}");
        }
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
    // Content may hold anything, also what a terminal would take for a command.
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
            Some(missed) => format!("{missed} events can't be had: {}", gap.reason.as_str()),
            None => format!("events are missing: {}", gap.reason.as_str()),
        },
        Event::Lagged(lagged) => format!("{} events dropped: reading too slowly", lagged.missed),
        _ => String::new(),
    };
    format!("{place} {:<19} {text}", event.name())
}
