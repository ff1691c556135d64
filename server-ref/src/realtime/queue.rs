//! The requests of one connection, which wait for their turn.

use std::collections::VecDeque;

/// Requests that may wait while one is carried out.
const LIMIT: usize = 128;

#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: VecDeque<T>,
    /// True if a task takes them out, or is going to.
    taken: bool,
}

impl<T> Queue<T> {
    /// The creator is responsible for taking out the first requests at the right time.
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new(), taken: true }
    }

    /// Returns true if the caller must take them out. An error returns the request: there are too many.
    pub(super) fn push(&mut self, request: T) -> Result<bool, T> {
        if self.waiting.len() >= LIMIT {
            return Err(request);
        }
        self.waiting.push_back(request);
        Ok(!std::mem::replace(&mut self.taken, true))
    }

    /// The next one; after `None` the task that takes them out is done.
    pub(super) fn next(&mut self) -> Option<T> {
        let next = self.waiting.pop_front();
        self.taken = next.is_some();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_at_first_waits_for_who_made_it() {
        let mut queue = Queue::new();
        assert_eq!((queue.push(1), queue.push(2)), (Ok(false), Ok(false)));
        assert_eq!([(); 3].map(|()| queue.next()), [Some(1), Some(2), None]);
    }

    #[test]
    fn one_takes_them_out_at_a_time() {
        let mut queue = Queue::new();
        assert_eq!(queue.next(), None);
        assert_eq!((queue.push(1), queue.push(2)), (Ok(true), Ok(false)));
        assert_eq!([(); 3].map(|()| queue.next()), [Some(1), Some(2), None]);
        assert_eq!(queue.push(3), Ok(true));
    }

    #[test]
    fn it_is_bounded() {
        let mut queue = Queue::new();
        assert!((0..LIMIT).all(|request| queue.push(request) == Ok(false)));
        assert_eq!(queue.push(LIMIT), Err(LIMIT));
        assert_eq!((queue.next(), queue.push(LIMIT)), (Some(0), Ok(false)));
    }
}
