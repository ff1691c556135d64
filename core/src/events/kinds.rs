//! Sets of event kinds.

use std::{fmt, ops};

use super::{Event, EventKind};

/// Set of event kinds, used to filter a stream.
///
/// ```
/// use automoderate::{EventKinds, StatsUpdate};
///
/// let decisions = EventKinds::MODERATION_UPDATE | EventKinds::RULE_UPDATE;
/// assert!(decisions.contains(EventKinds::RULE_UPDATE));
/// assert!(!decisions.contains(EventKinds::of::<StatsUpdate>()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct EventKinds(u16);

impl EventKinds {
    /// Empty set. A stream filtered by it yields only [`Gap`](super::Gap) and [`Lagged`](super::Lagged).
    pub const NONE: Self = Self(0);

    pub(super) const fn from_bit(bit: u16) -> Self {
        Self(1 << bit)
    }

    /// Returns the set that contains only the kind whose events have type `T`.
    #[must_use]
    pub const fn of<T: EventKind>() -> Self {
        T::KIND
    }

    /// Returns `true` if the set contains all of `kinds`.
    #[must_use]
    pub const fn contains(self, kinds: Self) -> bool {
        self.0 & kinds.0 == kinds.0
    }

    /// Returns the union of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the [`Event::name`] of the only kind in the set, or `None` if the set does not have exactly one member.
    pub(crate) fn single_name(self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map(|(_, name)| *name)
    }

    /// Returns `true` if a stream filtered by this set yields the event. Notices of losses are always let through.
    pub(crate) fn lets_through(self, event: &Event) -> bool {
        const LOSSES: EventKinds = EventKinds::GAP.union(EventKinds::LAGGED);
        self.union(LOSSES).contains(event.kind())
    }
}

impl ops::BitOr for EventKinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl ops::BitOrAssign for EventKinds {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.union(other);
    }
}

impl FromIterator<Self> for EventKinds {
    fn from_iter<I: IntoIterator<Item = Self>>(sets: I) -> Self {
        sets.into_iter().fold(Self::NONE, Self::union)
    }
}

/// Formats the set as the names of its kinds.
impl fmt::Debug for EventKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(kind, _)| self.contains(*kind));
        f.debug_set().entries(names.map(|(_, name)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_distinct_and_found_by_name() {
        let all: EventKinds = EventKinds::NAMES.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(all.0.count_ones() as usize, EventKinds::NAMES.len());
        assert!(EventKinds::NAMES.iter().all(|(kind, name)| EventKinds::from_name(name) == Some(*kind)));
        assert_eq!(EventKinds::from_name("news"), None);
    }

    #[test]
    fn debug_lists_the_names_of_kinds() {
        let some = EventKinds::LAGGED | EventKinds::STATS_UPDATE;
        assert_eq!(format!("{some:?}"), r#"{"stats_update", "lagged"}"#);
        assert_eq!(format!("{:?}", EventKinds::NONE), "{}");
    }
}
