//! The requests of one connection, which wait for their turn.

use std::collections::VecDeque;

/// Requests that may wait while one is carried out.
const QUEUED_REQUESTS_MAX: usize = 128;

#[derive(Debug)]
pub(super) struct RequestQueue<T> {
    waiting: VecDeque<T>,
    /// True if a task takes them out, or is going to.
    is_served: bool,
}

impl<T> RequestQueue<T> {
    /// The creator is responsible for taking out the first requests at the right time.
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new(), is_served: true }
    }

    /// Returns true if the caller must take them out. An error returns the request: there are too many.
    pub(super) fn push(&mut self, request: T) -> Result<bool, T> {
        if self.waiting.len() >= QUEUED_REQUESTS_MAX {
            return Err(request);
        }
        self.waiting.push_back(request);
        Ok(!std::mem::replace(&mut self.is_served, true))
    }

    /// The next one; after `None` the task that takes them out is done.
    pub(super) fn next(&mut self) -> Option<T> {
        let next = self.waiting.pop_front();
        self.is_served = next.is_some();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_at_first_waits_for_who_made_it() {
        let mut queue = RequestQueue::new();
        assert_eq!((queue.push(1), queue.push(2)), (Ok(false), Ok(false)));
        assert_eq!([(); 3].map(|()| queue.next()), [Some(1), Some(2), None]);
    }

    #[test]
    fn one_takes_them_out_at_a_time() {
        let mut queue = RequestQueue::new();
        assert_eq!(queue.next(), None);
        assert_eq!((queue.push(1), queue.push(2)), (Ok(true), Ok(false)));
        assert_eq!([(); 3].map(|()| queue.next()), [Some(1), Some(2), None]);
        assert_eq!(queue.push(3), Ok(true));
    }

    #[test]
    fn it_is_bounded() {
        let mut queue = RequestQueue::new();
        assert!((0..QUEUED_REQUESTS_MAX).all(|request| queue.push(request) == Ok(false)));
        assert_eq!(queue.push(QUEUED_REQUESTS_MAX), Err(QUEUED_REQUESTS_MAX));
        assert_eq!((queue.next(), queue.push(QUEUED_REQUESTS_MAX)), (Some(0), Ok(false)));
    }
}
