//! Redaction of secrets in errors, which may quote a server's text that echoes a secret.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use crate::{Error, events::Secret};

/// Minimum length of a secret that is redacted, in bytes. Shorter texts occur in ordinary sentences.
const SECRET_BYTES_MIN: usize = 6;

/// Maximum number of remembered texts: secrets, and the forms in which servers may echo them. Earlier credentials are
/// remembered too, because a late response may still contain them.
const REDACTED_TEXTS_MAX: usize = 256;

/// Redactor for the secrets that the client sends to servers.
#[derive(Default)]
pub(super) struct Redactor(Mutex<VecDeque<String>>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Adds a secret that must be redacted. If there are then more than [`REDACTED_TEXTS_MAX`] texts to redact, the
    /// longest of the earlier texts are forgotten.
    pub(super) fn add_secret(&self, secret: &Secret) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for text in echoed_forms(secret) {
            if !known.contains(&text) {
                known.push_back(text);
            }
        }
        while known.len() > REDACTED_TEXTS_MAX {
            known.pop_front();
        }
        // The longest secrets are redacted first, because a secret no longer matches once a part of it has been
        // redacted.
        known.make_contiguous().sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    /// Redacts the message, the body and the causes of an error.
    pub(super) fn redact(&self, error: Error) -> Error {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let redact_text = |text: &str, words: bool| {
            let mut hidden = None;
            for secret in known.iter().filter(|secret| words || !is_lowercase_word(secret)) {
                let text = hidden.as_deref().unwrap_or(text);
                if text.contains(secret.as_str()) {
                    hidden = Some(text.replace(secret.as_str(), "***"));
                }
            }
            hidden
        };
        error.replace_texts(
            &|text| {
                let plain = redact_text(text, false);
                // A secret that is an ordinary word is redacted only in the server's text. In the SDK's own sentences,
                // the redaction would reveal the secret.
                let servers = plain.as_deref().unwrap_or(text).split_once(": ");
                let all = servers.and_then(|(ours, servers)| Some(format!("{ours}: {}", redact_text(servers, true)?)));
                all.or(plain)
            },
            &|body| redact_text(body, true),
        )
    }
}

/// Returns `true` if a secret looks like an ordinary word.
fn is_lowercase_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Returns the forms in which a server may echo a secret: the whole text, the value of each cookie, the token after an
/// authentication scheme, and the URL-encoded form of each.
fn echoed_forms(secret: &Secret) -> Vec<String> {
    let pairs = secret.expose().split("; ").map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value).trim());
    let last = secret.expose().split_whitespace().next_back();
    let mut all: Vec<String> = pairs.chain([secret.expose().trim()]).chain(last).map(str::to_owned).collect();
    let encoded: Vec<String> =
        all.iter().map(|plain| url::form_urlencoded::byte_serialize(plain.as_bytes()).collect()).collect();
    all.extend(encoded);
    all.retain(|text| text.len() >= SECRET_BYTES_MIN);
    all
}
