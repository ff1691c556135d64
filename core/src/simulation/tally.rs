//! What was counted.

/// What a simulation came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) simulations: u64,
    /// Events that servers have logged, machines have handed out, and readers have been given.
    pub(super) logged: u64,
    pub(super) handed_out: u64,
    pub(super) read: u64,
    /// Events that a `Gap` or a `Lagged` has told of.
    pub(super) told_missing: u64,
    pub(super) told_dropped: u64,
    pub(super) interruptions: u64,
    pub(super) restarts: u64,
    pub(super) nodes_lost: u64,
    pub(super) lives: u64,
    pub(super) garbled: u64,
    /// The longest that it took until everybody had everything, in seconds.
    pub(super) slowest: u64,
    pub(super) virtual_seconds: u64,
    pub(super) steps: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.simulations += other.simulations;
        self.logged += other.logged;
        self.handed_out += other.handed_out;
        self.read += other.read;
        self.told_missing += other.told_missing;
        self.told_dropped += other.told_dropped;
        self.interruptions += other.interruptions;
        self.restarts += other.restarts;
        self.nodes_lost += other.nodes_lost;
        self.lives += other.lives;
        self.garbled += other.garbled;
        self.slowest = self.slowest.max(other.slowest);
        self.virtual_seconds += other.virtual_seconds;
        self.steps += other.steps;
    }
}
