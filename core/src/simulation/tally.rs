//! What was counted.

/// Makes the struct, the sum of two of them, and a list of all counters.
macro_rules! tally {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a simulation came to.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub(super) struct Tally {
            $($(#[$doc])* pub(super) $name: u64,)*
            /// The longest that it took until everybody had everything, in seconds.
            pub(super) slowest: u64,
        }

        impl Tally {
            pub(super) fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
                self.slowest = self.slowest.max(other.slowest);
            }

            /// What should happen in many simulations, and has in none.
            pub(super) fn missing(&self) -> Vec<&'static str> {
                let all = [$((stringify!($name), self.$name)),*];
                all.into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
            }
        }
    };
}

tally! {
    simulations,
    /// Events that servers have logged, machines have handed out, and readers have been given.
    logged,
    handed_out,
    read,
    /// Events that a `Gap` or a `Lagged` has told of.
    told_missing,
    told_dropped,
    interruptions,
    restarts,
    nodes_lost,
    lives,
    garbled,
    /// Backfills by REST that were asked for, that found all, and that did not; what was answered on the way.
    inquiries,
    backfills,
    backfills_failed,
    rest_answers,
    rest_errors,
    too_large,
    foreign_answers,
    odd_rows,
    reviews,
    /// Streams that were dropped, made anew, or ended because their reader was too slow.
    streams_dropped,
    streams_reopened,
    overflowed,
    /// Attempts by long-polling, requests that met a process that did not know their session, and connections by WebSocket
    /// after that.
    polled,
    astray,
    back_by_websocket,
    /// Computers that slept, and woke up to a dead connection that was given up in time.
    sleeps,
    cut_asleep,
    woken,
    probes,
    /// Connections that were dropped right after they were accepted, and clients that took that for a refusal.
    dropped_fresh,
    given_up_unclear,
    bad_keys,
    bad_keys_ended,
    /// Errors that the program's own events have drawn, and joins that were never answered.
    strays,
    unanswered,
    /// Joins that were sent after one that was never answered.
    held_up,
    virtual_seconds,
    steps,
}
