//! Counters of simulations.

/// Defines the struct, the sum of two of them, and a list of all counters.
macro_rules! tally {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of one or more simulations.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub(super) struct Tally {
            $($(#[$doc])* pub(super) $name: u64,)*
            /// Longest time until every client had everything, in seconds.
            pub(super) slowest: u64,
        }

        impl Tally {
            pub(super) fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
                self.slowest = self.slowest.max(other.slowest);
            }

            /// Counters that are zero although many simulations ran.
            pub(super) fn missing(&self) -> Vec<&'static str> {
                let all = [$((stringify!($name), self.$name)),*];
                all.into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
            }
        }
    };
}

tally! {
    simulations,
    /// Events that servers have logged, machines have handed out, and readers have received.
    logged,
    handed_out,
    read,
    /// Events that a `Gap` or a `Lagged` has reported.
    told_missing,
    told_dropped,
    interruptions,
    restarts,
    nodes_lost,
    lives,
    garbled,
    /// Backfills by REST that were requested, complete and incomplete; below, the answers to their requests.
    inquiries,
    backfills,
    backfills_failed,
    rest_answers,
    rest_errors,
    too_large,
    foreign_answers,
    odd_rows,
    reviews,
    /// Streams that were dropped, opened again, or ended because their reader was too slow.
    streams_dropped,
    streams_reopened,
    overflowed,
    /// Attempts by long-polling, requests that reached a process that did not know their session, and WebSocket
    /// connections after that.
    polled,
    astray,
    back_by_websocket,
    /// Computers that slept, connections cut meanwhile, and dead connections given up in time.
    sleeps,
    cut_asleep,
    woken,
    probes,
    /// Connections dropped right after they were accepted, and clients that ended because of them.
    dropped_fresh,
    given_up_unclear,
    bad_keys,
    bad_keys_ended,
    /// Errors caused by the program's own events, and joins that were never answered.
    strays,
    unanswered,
    /// Joins that were sent after one that was never answered.
    held_up,
    virtual_seconds,
    steps,
}
