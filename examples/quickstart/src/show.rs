//! Output of the demo.

use std::io::IsTerminal;

use automoderate::{Event, Origin, Status};

fn colored(code: &str, text: &str) -> String {
    if std::io::stdout().is_terminal() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

pub(crate) fn print_step(text: &str) {
    println!("{}", colored("1;36", &format!("== {text}")));
}

pub(crate) fn print_state(text: &str) {
    println!("{}", colored("33", &format!("-- {text}")));
}

pub(crate) fn print_result(text: &str) {
    println!("{}", colored("1;32", text));
}

/// Prints an event on one line, in a format that depends on its kind.
pub(crate) fn print_event(event: &Event) {
    let clean = |text: &str| text.replace(char::is_control, " ");
    let line = match event {
        Event::ModerationUpdate(update) => {
            let color = match update.status {
                Status::Approved => "32",
                Status::Rejected => "31",
                _ => "35",
            };
            let rule = update.rule_name.as_deref().map(|rule| format!("  [{rule}]")).unwrap_or_default();
            let status = colored(color, &format!("{:<8}", update.status.as_str()));
            format!("{status} {}{rule}", clean(&update.content_preview))
        }
        Event::StatsUpdate(stats) => {
            format!("{} decided, {:.1} % approved", stats.total_content, stats.approval_rate.unwrap_or_default())
        }
        Event::UserActivity(user) => format!(
            "{}: {} submitted, risk {:.1}",
            clean(&user.user_id),
            user.activity.total_submissions.unwrap_or_default(),
            user.activity.risk_score.unwrap_or_default()
        ),
        Event::Gap(gap) => format!("{:?}, {:?} missed", gap.reason, gap.missed),
        _ => String::new(),
    };
    let meta = event.meta();
    let origin = if meta.origin == Origin::Live { " " } else { "↺" };
    let id = meta.event_id.map(|id| format!("#{id}")).unwrap_or_default();
    println!("{origin} {id:<4} {:<18} {line}", event.name());
}
