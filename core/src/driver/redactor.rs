//! Redaction of secrets in texts, because servers may echo them.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use crate::{Error, events::Secret};

/// Shorter texts occur in ordinary sentences.
const SECRET_BYTES_MIN: usize = 6;

/// Number of secrets that are remembered, including those of earlier credentials: a late answer may contain one.
const SECRETS_MAX: usize = 256;

/// Redactor of all secrets that were sent to a server.
#[derive(Default)]
pub(super) struct Redactor(Mutex<VecDeque<String>>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Adds a secret to redact. If there are too many, the oldest are forgotten.
    pub(super) fn learn(&self, secret: &Secret) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for text in spellings(secret) {
            if !known.contains(&text) {
                known.push_back(text);
            }
        }
        while known.len() > SECRETS_MAX {
            known.pop_front();
        }
        // The longest first: redacting a part would prevent finding the whole.
        known.make_contiguous().sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    /// Redacts the message, body and causes of an error.
    pub(super) fn redact(&self, error: Error) -> Error {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let redact_text = |text: &str, words: bool| {
            let mut hidden = None;
            for secret in known.iter().filter(|secret| words || !is_word(secret)) {
                let text = hidden.as_deref().unwrap_or(text);
                if text.contains(secret.as_str()) {
                    hidden = Some(text.replace(secret.as_str(), "***"));
                }
            }
            hidden
        };
        error.map_texts(
            &|text| {
                let plain = redact_text(text, false);
                // Ordinary words are redacted only in the server's text: in our own sentences, the redaction would give
                // them away.
                let servers = plain.as_deref().unwrap_or(text).split_once(": ");
                let all = servers.and_then(|(ours, servers)| Some(format!("{ours}: {}", redact_text(servers, true)?)));
                all.or(plain)
            },
            &|body| redact_text(body, true),
        )
    }
}

/// Returns `true` if a secret is an ordinary word.
fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Forms in which a server may echo a secret: each cookie's value, the token of a scheme, and URL-encoded.
fn spellings(secret: &Secret) -> Vec<String> {
    let pairs = secret.expose().split("; ").map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value).trim());
    let last = secret.expose().split_whitespace().next_back();
    let mut all: Vec<String> = pairs.chain([secret.expose().trim()]).chain(last).map(str::to_owned).collect();
    let encoded: Vec<String> =
        all.iter().map(|plain| url::form_urlencoded::byte_serialize(plain.as_bytes()).collect()).collect();
    all.extend(encoded);
    all.retain(|text| text.len() >= SECRET_BYTES_MIN);
    all
}
