//! Credentials in the requests of one connection attempt.

use http::{HeaderName, HeaderValue};

use crate::events::Secret;

/// Query parameters, headers and Socket.IO payload that carry the credentials of one connection attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestAuth {
    pub(crate) query: Vec<(String, Secret)>,
    pub(crate) headers: Vec<(&'static str, Secret)>,
    /// Socket.IO auth payload, as JSON.
    pub(crate) payload: Option<Secret>,
    /// `true` if the login form has just accepted the credentials.
    pub(crate) has_just_logged_in: bool,
}

impl RequestAuth {
    /// Returns `others`, followed by the query parameters of the credentials.
    pub(super) fn append_to_query(&self, others: &[(String, String)]) -> Vec<(String, String)> {
        let own = self.query.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
        others.iter().cloned().chain(own).collect()
    }

    /// Returns the headers, marked as sensitive. Invalid headers are left out.
    pub(super) fn valid_headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        self.headers.iter().filter_map(|(name, value)| {
            let mut value = HeaderValue::from_str(value.expose()).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::from_static(name), value))
        })
    }

    /// Returns `true` if every header is valid.
    pub(super) fn is_sendable(&self) -> bool {
        self.valid_headers().count() == self.headers.len()
    }
}
