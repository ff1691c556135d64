//! Idempotency keys, which ensure that a repeated request takes effect only once.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::time::Micros;

/// Maximum time for which a key is kept, in microseconds.
pub(crate) const IDEMPOTENCY_KEY_LIFETIME: Micros = 24 * 60 * 60 * 1_000_000;
/// Number of a project's newest events whose keys are kept. This limit bounds the number of keys of changes that cause an event.
pub(crate) const EVENTS_WITH_IDEMPOTENCY_KEYS_MAX: i64 = 1_000_000;

/// The project id under which the keys of requests that concern all projects are stored.
pub(crate) const ALL_PROJECTS_ID: &str = "";

/// A SHA-256 hash of a request, which shows whether two requests with the same key are equal.
pub(crate) type RequestFingerprint = [u8; 32];

/// A key chosen by the caller, with the fingerprint of the request for which it was used.
#[derive(Debug, Clone)]
pub(crate) struct IdempotencyKey {
    pub(crate) key: Arc<str>,
    pub(crate) fingerprint: RequestFingerprint,
}

impl IdempotencyKey {
    pub(crate) fn new(key: &str, path: &str, body: &[u8]) -> Self {
        let hash = Sha256::new().chain_update(path).chain_update([0]).chain_update(body);
        Self { key: key.into(), fingerprint: hash.finalize().into() }
    }

    /// Returns the key for one part of the request. Keys from callers contain no spaces, so the result differs from every
    /// caller's key.
    pub(crate) fn for_part(&self, part: impl std::fmt::Display) -> Self {
        Self { key: format!("{} {part}", self.key).into(), fingerprint: self.fingerprint }
    }

    /// Combines the key with the answer that a repeated request receives.
    pub(crate) fn with_answer(self, answer: &impl Serialize) -> Result<Box<IdempotencyRecord>, Error> {
        let answer = serde_json::to_string(answer).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Box::new(IdempotencyRecord { key: self, answer }))
    }
}

/// An idempotency key, with the answer to its request.
#[derive(Debug, Clone)]
pub(crate) struct IdempotencyRecord {
    pub(crate) key: IdempotencyKey,
    /// The answer as JSON text.
    pub(crate) answer: String,
}

impl IdempotencyRecord {
    /// Returns the stored answer for a repeated request.
    ///
    /// # Errors
    /// Returns [`Error::IdempotencyMismatch`] if the key was used for another request.
    pub(crate) fn replay(&self, request: &IdempotencyKey) -> Result<String, Error> {
        match self.key.fingerprint == request.fingerprint {
            true => Ok(self.answer.clone()),
            false => Err(Error::IdempotencyMismatch),
        }
    }
}

/// The outcome of submitting a change that may repeat an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SubmitOutcome {
    /// The change was made.
    New,
    /// The change had already been made. Contains the stored answer as JSON text.
    Repeated(String),
}

impl SubmitOutcome {
    /// Returns the answer to the request, which is `new_answer` if the change was made.
    pub(crate) fn into_answer<T: DeserializeOwned>(self, new_answer: T) -> Result<IdempotentAnswer<T>, Error> {
        match self {
            Self::New => Ok(IdempotentAnswer { value: new_answer, is_replayed: false }),
            Self::Repeated(answer) => IdempotentAnswer::from_stored(&answer),
        }
    }
}

/// The answer to a request that may repeat an earlier one.
#[derive(Debug)]
pub(crate) struct IdempotentAnswer<T> {
    pub(crate) value: T,
    /// True if the answer was stored for an earlier request with the same key.
    pub(crate) is_replayed: bool,
}

impl<T> IdempotentAnswer<T> {
    pub(crate) fn map<U>(self, convert: impl FnOnce(T) -> U) -> IdempotentAnswer<U> {
        IdempotentAnswer { value: convert(self.value), is_replayed: self.is_replayed }
    }
}

impl<T: DeserializeOwned> IdempotentAnswer<T> {
    /// Parses the JSON text of a stored answer.
    pub(crate) fn from_stored(answer: &str) -> Result<Self, Error> {
        let value = serde_json::from_str(answer).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self { value, is_replayed: true })
    }
}
