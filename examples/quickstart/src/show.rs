//! What the demo prints.

use std::io::IsTerminal;

use automoderate::{Event, Origin, Status};

fn paint(code: &str, text: &str) -> String {
    if std::io::stdout().is_terminal() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// A step of the story.
pub(crate) fn step(text: &str) {
    println!("{}", paint("1;36", &format!("== {text}")));
}

/// A change of the client's state.
pub(crate) fn state(text: &str) {
    println!("{}", paint("33", &format!("-- {text}")));
}

/// The figure that counts.
pub(crate) fn result(text: &str) {
    println!("{}", paint("1;32", text));
}

/// An event, by its type.
pub(crate) fn event(event: &Event) {
    let clean = |text: &str| text.replace(char::is_control, " ");
    let line = match event {
        Event::ModerationUpdate(update) => {
            let color = match update.status {
                Status::Approved => "32",
                Status::Rejected => "31",
                _ => "35",
            };
            let origin = if update.meta.origin == Origin::Live { "  " } else { "↺ " };
            let id = update.meta.event_id.unwrap_or_default();
            let rule = update.rule_name.as_deref().map(|rule| format!("  [{rule}]")).unwrap_or_default();
            let status = paint(color, &format!("{:<8}", update.status.as_str()));
            format!("{origin}#{id:<3} moderation_update  {status} {}{rule}", clean(&update.content_preview))
        }
        Event::StatsUpdate(stats) => format!(
            "       stats_update       {} decided, {:.1} % approved",
            stats.total_content,
            stats.approval_rate.unwrap_or_default()
        ),
        Event::Gap(gap) => format!("       gap                {:?}, {:?} missed", gap.reason, gap.missed),
        other => format!("       {}", other.name()),
    };
    println!("{line}");
}
