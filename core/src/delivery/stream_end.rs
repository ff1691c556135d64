//! End of a stream.

use crate::Error;

/// Reason why a stream has ended.
#[derive(Debug, Clone)]
pub(crate) enum StreamEnd {
    /// The stream ended without an error (for example, because the user left the project), or the error has already
    /// been returned.
    Closed,
    Failed(Error),
}

impl StreamEnd {
    /// Takes the error. Returns `None` if there is none, or if it has already been taken.
    pub(crate) fn take_error(&mut self) -> Option<Error> {
        match std::mem::replace(self, Self::Closed) {
            Self::Closed => None,
            Self::Failed(error) => Some(error),
        }
    }

    /// Returns `true` if there is no error left to return.
    pub(crate) fn has_no_error(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

impl From<Option<Error>> for StreamEnd {
    fn from(error: Option<Error>) -> Self {
        error.map_or(Self::Closed, Self::Failed)
    }
}
