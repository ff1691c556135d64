//! State of a client, and a stream of state changes.

use std::{
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use futures_util::{
    Stream, StreamExt,
    stream::{self, FusedStream},
};
use tokio::sync::broadcast;

use crate::State;

/// Maximum number of state changes buffered for a slow reader. If more changes are pending, the reader misses the
/// oldest of them, but never the latest.
const BUFFERED_CHANGES_MAX: usize = 64;

/// State of a client, and the channel that publishes state changes.
#[derive(Debug)]
pub(crate) struct StateFeed {
    /// Current state. It is locked while a change is published and while a stream starts, so a new stream neither
    /// misses nor repeats a state.
    latest: Mutex<State>,
    changes: broadcast::Sender<State>,
}

impl StateFeed {
    pub(crate) fn new() -> Self {
        Self { latest: Mutex::new(State::Idle), changes: broadcast::Sender::new(BUFFERED_CHANGES_MAX) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn publish(&self, state: State) {
        let mut latest = self.lock();
        latest.clone_from(&state);
        // Sending fails only if no stream is subscribed.
        let _ = self.changes.send(state);
    }

    pub(crate) fn latest(&self) -> State {
        self.lock().clone()
    }

    pub(crate) fn subscribe(&self) -> StateChanges {
        let (first, receiver) = {
            let latest = self.lock();
            (latest.clone(), self.changes.subscribe())
        };
        let rest = stream::unfold(receiver, |mut receiver| async move {
            loop {
                match receiver.recv().await {
                    Ok(state) => return Some((state, receiver)),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        });
        StateChanges { states: Box::pin(stream::once(async { first }).chain(rest)), ended: false }
    }
}

/// Stream of the client's states. Yields the current state first, and then the later states, up to and including
/// [`State::Closed`].
///
/// A reader that lags by more than 64 changes misses the oldest ones.
pub struct StateChanges {
    states: Pin<Box<dyn Stream<Item = State> + Send>>,
    ended: bool,
}

impl StateChanges {
    /// Returns the next state, or `None` after [`State::Closed`].
    ///
    /// # Cancel safety
    /// No state is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<State> {
        StreamExt::next(self).await
    }
}

impl Stream for StateChanges {
    type Item = State;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<State>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let next = self.states.as_mut().poll_next(cx);
        if let Poll::Ready(state) = &next {
            self.ended = state.as_ref().is_none_or(State::is_closed);
        }
        next
    }
}

impl FusedStream for StateChanges {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl std::fmt::Debug for StateChanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StateChanges")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use super::*;
    use crate::Error;

    fn reconnecting(attempt: u32) -> State {
        State::Reconnecting { attempt, retry_in: Duration::ZERO, cause: Error::closed() }
    }

    fn attempt_number(state: Option<State>) -> u32 {
        match state {
            Some(State::Reconnecting { attempt, .. }) => attempt,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_stream_that_starts_during_a_change_repeats_no_state() {
        let (feed, stop) = (StateFeed::new(), AtomicBool::new(false));
        feed.publish(reconnecting(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut next = 1;
                while !stop.load(Ordering::Relaxed) {
                    feed.publish(reconnecting(next));
                    next += 1;
                    std::thread::yield_now();
                }
            });
            let mut torn = None;
            for _ in 0..20_000 {
                let mut changes = feed.subscribe();
                let first = attempt_number(futures_util::FutureExt::now_or_never(changes.next()).flatten());
                if let Some(second) = futures_util::FutureExt::now_or_never(changes.next()) {
                    let second = attempt_number(second);
                    // A change may be skipped if the publishing thread is much faster than this thread.
                    if second <= first {
                        torn = Some((first, second));
                        break;
                    }
                }
            }
            stop.store(true, Ordering::Relaxed);
            assert_eq!(torn, None);
        });
    }

    #[test]
    fn a_stream_can_be_polled_after_its_end() {
        let feed = StateFeed::new();
        feed.publish(State::Closed { reason: Error::closed() });
        let mut changes = feed.subscribe();
        let end = futures_util::FutureExt::now_or_never(changes.next()).flatten();
        assert!(end.is_some_and(|state| state.is_closed()));
        assert!(changes.is_terminated());
        for _ in 0..2 {
            assert!(matches!(futures_util::FutureExt::now_or_never(changes.next()), Some(None)));
        }
    }
}
