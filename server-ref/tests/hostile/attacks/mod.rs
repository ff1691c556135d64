//! The attacks, grouped by kind.

mod accounts;
mod connections;
mod polls;
mod reading;
mod requests;
mod rules;
mod sockets;
mod submissions;

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

pub(crate) const ALL_ATTACKS: &[Attack] = attacks! {
    "heavy patterns" rules::heavy_patterns,
    "giant keyword lists" rules::giant_keyword_lists,
    "rules changed before each submission" rules::changed_rules,
    "groups of failing changes" rules::failing_changes,
    "floods of submissions" submissions::submission_floods,
    "batches with new idempotency keys" submissions::batches,
    "bodies of a megabyte" submissions::megabyte_bodies,
    "deep JSON" submissions::deep_json,
    "deep pages" reading::deep_pages,
    "snapshots" reading::snapshots,
    "replays from the start" reading::full_replays,
    "readers that never read" reading::deaf_readers,
    "anonymous sign-in forms" accounts::anonymous_forms,
    "wrong passwords" accounts::wrong_passwords,
    "wrong keys" accounts::wrong_keys,
    "projects made and deleted" accounts::short_lived_projects,
    "keys and invitations" accounts::endless_keys,
    "slow heads" connections::slow_heads,
    "slow bodies" connections::slow_bodies,
    "hoarded connections" connections::hoarded_connections,
    "connections that come and go" connections::short_connections,
    "giant heads" requests::giant_heads,
    "pipelined requests, answers unread" requests::pipelined_requests,
    "HTTP/2 and packed bodies" requests::other_protocols,
    "sessions half open" polls::half_open_sessions,
    "sessions by `&sid`" polls::invalid_session_ids,
    "polls of thousands of packets" polls::many_small_packets,
    "namespaces entered again" sockets::reentered_namespaces,
    "WebSockets cut before the first packet" sockets::reset_before_first_packet,
    "giant frames and attachments" sockets::giant_frames,
    "rooms joined and left" sockets::joined_and_left_rooms,
    "sockets that come and go" sockets::sockets_reset_after_join,
};
