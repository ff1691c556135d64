//! Counters of events and faults, which show whether each kind of fault has occurred.

/// Defines the struct of counters, with methods that process all counters.
macro_rules! tally {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of one or more simulations.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub(super) struct Tally {
            $($(#[$doc])* pub(super) $name: u64,)*
            /// Longest time until every client had received everything, counted from the end of the fault phase or, if
            /// later, from the last start or wake-up, in seconds.
            pub(super) slowest_recovery_s: u64,
        }

        impl Tally {
            pub(super) fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
                self.slowest_recovery_s = self.slowest_recovery_s.max(other.slowest_recovery_s);
            }

            /// Returns the names of the counters that are zero.
            pub(super) fn zero_counters(&self) -> Vec<&'static str> {
                let all = [$((stringify!($name), self.$name)),*];
                all.into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
            }
        }
    };
}

tally! {
    simulations,
    /// Number of events that servers published.
    events_published,
    /// Number of events that session machines output.
    events_output,
    /// Number of events that readers received.
    events_read,
    /// Number of events that a `Gap` reported as missing.
    reported_missing,
    /// Number of events that a `Lagged` reported as dropped.
    reported_dropped,
    interruptions,
    server_restarts,
    node_crashes,
    program_restarts,
    frames_garbled,
    backfills_requested,
    backfills_complete,
    backfills_incomplete,
    rest_responses,
    rest_errors,
    rest_responses_too_large,
    /// Number of REST responses to a client whose API key belongs to another project.
    foreign_key_responses,
    rows_defective,
    reviews,
    streams_dropped,
    streams_reopened,
    /// Number of streams that ended because their reader was too slow.
    streams_overflowed,
    polling_connections,
    /// Number of requests that reached a node that did not know their polling session.
    wrong_node_requests,
    /// Number of times that a client returned to WebSocket after losing a polling session.
    returns_to_websocket,
    computer_sleeps,
    cuts_during_sleep,
    /// Number of checks that a client has abandoned a connection that was cut during sleep.
    dead_connections_abandoned,
    probes,
    /// Number of connections that a starting server dropped right after accepting them.
    fresh_connections_dropped,
    /// Number of clients that ended because a starting server dropped their connections.
    clients_ended_by_drops,
    runs_with_bad_key,
    clients_ended_by_bad_key,
    /// Number of errors that the server sent in reply to unknown events.
    unknown_event_errors,
    joins_unanswered,
    /// Number of joins that were delayed by a join that was never answered.
    joins_delayed,
    virtual_seconds,
    actions,
}
