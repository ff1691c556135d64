//! The attacks, by what they aim at.

mod accounts;
mod connections;
mod contents;
mod polls;
mod reading;
mod requests;
mod rules;
mod sockets;

use futures_util::future::LocalBoxFuture;

use crate::attacker::Attacker;

pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) run: for<'a> fn(&'a Attacker) -> LocalBoxFuture<'a, ()>,
}

macro_rules! attacks {
    ($($name:literal $run:path,)*) => {
        &[$(Attack { name: $name, run: |attacker| Box::pin($run(attacker)) },)*]
    };
}

pub(crate) const ALL: &[Attack] = attacks! {
    "heavy patterns" rules::heavy_patterns,
    "giant keyword lists" rules::giant_keyword_lists,
    "rules changed before each submission" rules::changed_rules,
    "groups of failing changes" rules::failing_changes,
    "floods of submissions" contents::floods,
    "bodies of a megabyte" contents::megabytes,
    "deep JSON" contents::deep_json,
    "deep pages" reading::deep_pages,
    "replays from the start" reading::replays,
    "readers that never read" reading::deaf_readers,
    "anonymous sign-in forms" accounts::anonymous_forms,
    "wrong passwords" accounts::wrong_passwords,
    "wrong keys" accounts::wrong_keys,
    "projects made and deleted" accounts::projects,
    "keys and invitations" accounts::keys,
    "slow heads" connections::slow_heads,
    "slow bodies" connections::slow_bodies,
    "hoarded connections" connections::hoarded,
    "connections that come and go" connections::short,
    "giant heads" requests::giant_heads,
    "pipelined requests, answers unread" requests::pipelined,
    "HTTP/2 and packed bodies" requests::other_protocols,
    "sessions half open" polls::half_open,
    "sessions by `&sid`" polls::empty_sids,
    "polls of thousands of packets" polls::packed,
    "namespaces entered again" sockets::namespaces,
    "WebSockets cut before the first packet" sockets::cut_early,
    "giant frames and attachments" sockets::giant_frames,
    "rooms joined and left" sockets::rooms,
    "sockets that come and go" sockets::short,
};
