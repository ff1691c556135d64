//! Fair scheduling of requests: a connection's task serves only one request each time it is polled.
//!
//! hyper serves up to sixteen received requests before it lets another task run. With a hundred connections that pipeline requests, all
//! other connections would wait for sixteen hundred responses.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// The state that a connection shares with the service that handles its requests.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestPacer {
    /// True if a request has been served since the connection was last polled.
    has_served_since_poll: Arc<AtomicBool>,
}

impl RequestPacer {
    /// Waits for the next poll of the connection if a request was already served during the current
    /// poll.
    pub(super) async fn wait_for_turn(&self) {
        if self.has_served_since_poll.swap(true, Ordering::Relaxed) {
            tokio::task::yield_now().await;
            self.has_served_since_poll.store(true, Ordering::Relaxed);
        }
    }

    /// Polls the connection, which may then serve one more request.
    pub(super) fn poll<C: Future>(&self, connection: Pin<&mut C>, cx: &mut Context<'_>) -> Poll<C::Output> {
        self.has_served_since_poll.store(false, Ordering::Relaxed);
        connection.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    #[test]
    fn each_poll_serves_one_request() {
        let pacer = RequestPacer::default();
        let served = std::sync::atomic::AtomicUsize::new(0);
        let mut connection = pin!(async {
            loop {
                pacer.wait_for_turn().await;
                served.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut cx = Context::from_waker(Waker::noop());
        for polls in 1..5 {
            let polled: Poll<()> = pacer.poll(connection.as_mut(), &mut cx);
            assert!(polled.is_pending());
            assert_eq!(served.load(Ordering::Relaxed), polls);
        }
    }

    #[tokio::test]
    async fn a_single_request_does_not_wait() {
        let pacer = RequestPacer::default();
        let mut request = pin!(pacer.wait_for_turn());
        let polled = poll_fn(|cx| Poll::Ready(pacer.poll(request.as_mut(), cx))).await;
        assert!(polled.is_ready());
    }
}
