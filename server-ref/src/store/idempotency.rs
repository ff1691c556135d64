//! Idempotency keys: a request that is repeated with the same key takes effect once.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::time::Micros;

/// The time for which keys are kept.
pub(crate) const IDEMPOTENCY_KEY_LIFETIME: Micros = 24 * 60 * 60 * 1_000_000;
/// The newest events of a project whose keys are kept, which bounds the number of keys.
pub(crate) const IDEMPOTENCY_KEY_EVENTS_MAX: i64 = 1_000_000;

/// The project of requests that concern all projects.
pub(crate) const ALL_PROJECTS: &str = "";

/// The SHA-256 hash by which a repeated request is recognised.
pub(crate) type Fingerprint = [u8; 32];

/// A key that the caller chose, and the request that it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct IdempotencyKey {
    pub(crate) key: Arc<str>,
    pub(crate) fingerprint: Fingerprint,
}

impl IdempotencyKey {
    pub(crate) fn new(key: &str, path: &str, body: &[u8]) -> Self {
        let hash = Sha256::new().chain_update(path).chain_update([0]).chain_update(body);
        Self { key: key.into(), fingerprint: hash.finalize().into() }
    }

    /// The key of one part of the request. Callers' keys contain no blanks, so it can't be one of theirs.
    pub(crate) fn part(&self, part: impl std::fmt::Display) -> Self {
        Self { key: format!("{} {part}", self.key).into(), fingerprint: self.fingerprint }
    }

    /// Attaches the answer that a repetition receives.
    pub(crate) fn with_answer(self, answer: &impl Serialize) -> Result<Box<IdempotencyRecord>, Error> {
        let answer = serde_json::to_string(answer).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Box::new(IdempotencyRecord { key: self, answer }))
    }
}

/// A key, and the answer to its request.
#[derive(Debug, Clone)]
pub(crate) struct IdempotencyRecord {
    pub(crate) key: IdempotencyKey,
    /// JSON text.
    pub(crate) answer: String,
}

impl IdempotencyRecord {
    /// Returns the answer to a repetition.
    ///
    /// # Errors
    /// If the key was used for another request.
    pub(crate) fn replay(&self, request: &IdempotencyKey) -> Result<String, Error> {
        match self.key.fingerprint == request.fingerprint {
            true => Ok(self.answer.clone()),
            false => Err(Error::IdempotencyMismatch),
        }
    }
}

/// The effect of a change that may repeat an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Submitted {
    /// It was made now.
    New,
    /// It was made before: the answer from then, as JSON text.
    Repeated(String),
}

impl Submitted {
    /// Returns the answer to the request: this one if the change was made now.
    pub(crate) fn answer<T: DeserializeOwned>(self, new: T) -> Result<Answer<T>, Error> {
        match self {
            Self::New => Ok(Answer { value: new, is_replayed: false }),
            Self::Repeated(answer) => Answer::replayed(&answer),
        }
    }
}

/// The answer to a request that may be repeated.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) value: T,
    /// True if it is the answer to an earlier request with the same key.
    pub(crate) is_replayed: bool,
}

impl<T: DeserializeOwned> Answer<T> {
    /// Reads a stored answer.
    pub(crate) fn replayed(answer: &str) -> Result<Self, Error> {
        let value = serde_json::from_str(answer).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self { value, is_replayed: true })
    }
}
