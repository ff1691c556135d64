//! The client's state, and its changes as a stream.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt, stream};
use tokio::sync::{broadcast, watch};

use crate::State;

/// Changes that a slow reader may be behind; older ones are skipped, the latest never.
const BEHIND_MAX: usize = 64;

/// Where the driver's task tells states.
#[derive(Debug)]
pub(crate) struct StateFeed {
    latest: watch::Sender<State>,
    changes: broadcast::Sender<State>,
}

impl StateFeed {
    pub(crate) fn new() -> Self {
        Self { latest: watch::Sender::new(State::Idle), changes: broadcast::Sender::new(BEHIND_MAX) }
    }

    pub(crate) fn publish(&self, state: State) {
        self.latest.send_replace(state.clone());
        // Nobody may be listening.
        let _ = self.changes.send(state);
    }

    pub(crate) fn latest(&self) -> State {
        self.latest.borrow().clone()
    }

    pub(crate) fn changes(&self) -> StateChanges {
        let receiver = self.changes.subscribe();
        let first = self.latest();
        let ended = first.is_closed();
        let rest = stream::unfold((receiver, ended), |(mut receiver, ended)| async move {
            if ended {
                return None;
            }
            loop {
                match receiver.recv().await {
                    Ok(state) => {
                        let ended = state.is_closed();
                        return Some((state, (receiver, ended)));
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        });
        StateChanges(Box::pin(stream::once(async { first }).chain(rest)))
    }
}

/// The client's states: the present one first, then every change, until the client is closed.
///
/// A reader that is more than 64 changes behind skips the oldest of them.
pub struct StateChanges(Pin<Box<dyn Stream<Item = State> + Send>>);

impl StateChanges {
    /// The next state; `None` after [`State::Closed`].
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<State> {
        self.0.next().await
    }
}

impl Stream for StateChanges {
    type Item = State;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<State>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl std::fmt::Debug for StateChanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StateChanges")
    }
}
