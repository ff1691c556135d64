//! Removes secrets from texts: what a server says may hold what it was told.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use crate::{Error, events::Secret};

/// Shorter ones may be part of any sentence.
const SECRET_MIN: usize = 6;

/// Secrets that are remembered, those of earlier credentials included: a late answer may hold one of them.
const SECRETS_MAX: usize = 256;

/// Knows every secret that was shown to a server.
#[derive(Default)]
pub(super) struct Redactor(Mutex<VecDeque<String>>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// From now on, this is hidden. The oldest are forgotten when there are too many.
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
        // The longest first: a part that is hidden hides the whole from being found.
        known.make_contiguous().sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    /// The error without any secret, in its words, its body and its causes.
    pub(super) fn redact(&self, error: Error) -> Error {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hide = |text: &str, words: bool| {
            let mut hidden = None;
            for secret in known.iter().filter(|secret| words || !is_word(secret)) {
                let text = hidden.as_deref().unwrap_or(text);
                if text.contains(secret.as_str()) {
                    hidden = Some(text.replace(secret.as_str(), "***"));
                }
            }
            hidden
        };
        error.without(
            &|text| {
                let plain = hide(text, false);
                // Words are hidden only in what the server says: in our own sentences that would give them away.
                let servers = plain.as_deref().unwrap_or(text).split_once(": ");
                let all = servers.and_then(|(ours, servers)| Some(format!("{ours}: {}", hide(servers, true)?)));
                all.or(plain)
            },
            &|body| hide(body, true),
        )
    }
}

/// A secret that is a word.
fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// How a secret may appear in what a server says: each cookie by its value, a scheme's token alone, and as in an address.
fn spellings(secret: &Secret) -> Vec<String> {
    let pairs = secret.expose().split("; ").map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value).trim());
    let last = secret.expose().split_whitespace().next_back();
    let mut all: Vec<String> = pairs.chain([secret.expose().trim()]).chain(last).map(str::to_owned).collect();
    let encoded: Vec<String> =
        all.iter().map(|plain| url::form_urlencoded::byte_serialize(plain.as_bytes()).collect()).collect();
    all.extend(encoded);
    all.retain(|text| text.len() >= SECRET_MIN);
    all
}
