//! The queue of one connection's requests.

use std::collections::VecDeque;

/// Maximum number of requests that wait while one is handled.
const QUEUED_REQUESTS_MAX: usize = 128;

#[derive(Debug)]
pub(super) struct RequestQueue<T> {
    queued: VecDeque<T>,
    /// True if a task is taking requests out of the queue, or is about to start.
    has_consumer: bool,
}

impl<T> RequestQueue<T> {
    /// Creates an empty queue. The caller must start the first task that takes requests out.
    pub(super) fn with_consumer() -> Self {
        Self { queued: VecDeque::new(), has_consumer: true }
    }

    /// Adds a request. Returns true if the caller must start a task that takes requests out. If the queue is full,
    /// returns the request as the error.
    pub(super) fn push(&mut self, request: T) -> Result<bool, T> {
        if self.queued.len() >= QUEUED_REQUESTS_MAX {
            return Err(request);
        }
        self.queued.push_back(request);
        Ok(!std::mem::replace(&mut self.has_consumer, true))
    }

    /// Removes and returns the next request. Returns `None` if the queue is empty; the calling task must then end.
    pub(super) fn pop(&mut self) -> Option<T> {
        let next = self.queued.pop_front();
        self.has_consumer = next.is_some();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_requests_wait_for_the_creator() {
        let mut queue = RequestQueue::with_consumer();
        assert_eq!((queue.push(1), queue.push(2)), (Ok(false), Ok(false)));
        assert_eq!([(); 3].map(|()| queue.pop()), [Some(1), Some(2), None]);
    }

    #[test]
    fn only_one_task_consumes_requests() {
        let mut queue = RequestQueue::with_consumer();
        assert_eq!(queue.pop(), None);
        assert_eq!((queue.push(1), queue.push(2)), (Ok(true), Ok(false)));
        assert_eq!([(); 3].map(|()| queue.pop()), [Some(1), Some(2), None]);
        assert_eq!(queue.push(3), Ok(true));
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut queue = RequestQueue::with_consumer();
        assert!((0..QUEUED_REQUESTS_MAX).all(|request| queue.push(request) == Ok(false)));
        assert_eq!(queue.push(QUEUED_REQUESTS_MAX), Err(QUEUED_REQUESTS_MAX));
        assert_eq!((queue.pop(), queue.push(QUEUED_REQUESTS_MAX)), (Some(0), Ok(false)));
    }
}
