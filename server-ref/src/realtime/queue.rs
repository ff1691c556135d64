//! The requests of one connection: they wait for their turn, and all of them until the connection is open.

use std::collections::VecDeque;

/// Requests that may wait while one is carried out.
const LIMIT: usize = 128;

#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: VecDeque<T>,
    open: bool,
    /// Somebody takes them out.
    running: bool,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new(), open: false, running: false }
    }

    /// Returns whether the caller must see to it that they are taken out. An error gives the request back: there are too many.
    pub(super) fn push(&mut self, request: T) -> Result<bool, T> {
        if self.waiting.len() >= LIMIT {
            return Err(request);
        }
        self.waiting.push_back(request);
        Ok(self.begin())
    }

    /// From now on they are carried out. Returns what [`push`](Self::push) does.
    pub(super) fn open(&mut self) -> bool {
        self.open = true;
        self.begin()
    }

    /// The next one; after `None` whoever takes them out is done.
    pub(super) fn next(&mut self) -> Option<T> {
        let next = self.waiting.pop_front();
        self.running = next.is_some();
        next
    }

    fn begin(&mut self) -> bool {
        let begins = self.open && !self.running && !self.waiting.is_empty();
        self.running |= begins;
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_it_is_open_is_carried_out_then() {
        let mut queue = Queue::new();
        assert_eq!((queue.push(1), queue.push(2)), (Ok(false), Ok(false)));
        assert!(queue.open());
        assert_eq!(queue.push(3), Ok(false), "somebody does already");
        assert_eq!([(); 4].map(|()| queue.next()), [Some(1), Some(2), Some(3), None]);
        assert_eq!(queue.push(4), Ok(true));
    }

    #[test]
    fn an_open_one_without_requests_has_nothing_to_do() {
        let mut queue = Queue::new();
        assert!(!queue.open());
        assert_eq!((queue.push(1), queue.push(2)), (Ok(true), Ok(false)));
    }

    #[test]
    fn it_is_bounded() {
        let mut queue = Queue::new();
        assert!((0..LIMIT).all(|request| queue.push(request) == Ok(false)));
        assert_eq!(queue.push(LIMIT), Err(LIMIT));
        assert!(queue.open());
        assert_eq!((queue.next(), queue.push(LIMIT)), (Some(0), Ok(false)));
    }
}
