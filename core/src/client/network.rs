//! Network options of a client: fallback addresses, transports, headers, the proxy and TLS.

use super::ClientBuilder;
#[cfg(doc)]
use crate::ReconnectPolicy;
use crate::{Transports, events::Secret};

impl ClientBuilder {
    /// Adds a fallback address of the same server, or of another server on the same database. Addresses are tried in
    /// the order in which they were added.
    ///
    /// After a lost connection or a failed attempt, the client tries the next address, and after the last one the
    /// first. It stays at an address that works until that address fails. During an outage the first attempt at each
    /// address is delayed only briefly, by at most [`jitter`](ReconnectPolicy::jitter) times
    /// [`delay`](ReconnectPolicy::delay); once all have failed, the delays grow as with one address. The limit of
    /// attempts per minute covers all addresses together. The first connection fails when every address has failed
    /// once. REST calls use the current address.
    ///
    /// Projects and cursors are kept: nothing is lost or duplicated if all addresses lead to the same event log.
    /// Another log is reported as a [`Gap`](crate::Gap). API keys, session cookies, headers and the password are sent
    /// to every address; a login's cookie only to the address that set it. If an address refuses credentials that
    /// another address has accepted, it is not tried again.
    ///
    /// ```
    /// # use automoderate::Client;
    /// let client = Client::builder("https://a.example").fallback_url("https://b.example").api_key("am_…").build()?;
    /// assert_eq!(client.url(), "https://a.example");
    /// # Ok::<(), automoderate::Error>(())
    /// ```
    #[must_use]
    pub fn fallback_url(mut self, url: impl Into<String>) -> Self {
        self.fallback_urls.push(url.into());
        self
    }

    /// Sets the transports. Default [`Transports::Auto`].
    #[must_use]
    pub fn transports(mut self, transports: Transports) -> Self {
        self.transports = transports;
        self
    }

    /// Adds a header to every request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a parameter to the connection query.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Sets the HTTP proxy, as `http://[user:password@]host:port`. Default: the variables `HTTPS_PROXY`, `HTTP_PROXY`
    /// and `NO_PROXY` of the environment.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Adds PEM certificates of authorities to trust in addition to the platform's.
    #[must_use]
    pub fn extra_ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.extra_ca.push(pem.into());
        self
    }

    /// Sets the client certificate: its PEM chain and PEM key.
    #[must_use]
    pub fn client_certificate(mut self, chain_pem: impl Into<Vec<u8>>, key_pem: impl Into<Secret>) -> Self {
        self.tls.client_certificate = Some((chain_pem.into(), key_pem.into()));
        self
    }

    /// Sets the rustls configuration for WebSocket, long-polling and REST, which replaces [`extra_ca`](Self::extra_ca),
    /// [`client_certificate`](Self::client_certificate) and
    /// [`danger_accept_invalid_certs`](Self::danger_accept_invalid_certs). Its ALPN protocols are ignored, because the
    /// SDK uses HTTP/1.1.
    ///
    /// ```
    /// # use automoderate::{Client, rustls};
    /// let settings = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
    ///     .with_safe_default_protocol_versions()?
    ///     .with_root_certificates(rustls::RootCertStore::empty())
    ///     .with_no_client_auth();
    /// let builder = Client::builder("https://localhost:6217").tls_config(settings);
    /// # Ok::<(), rustls::Error>(())
    /// ```
    #[must_use]
    pub fn tls_config(mut self, config: rustls::ClientConfig) -> Self {
        self.tls.config = Some(config);
        self
    }

    /// Accepts any certificate of the server. For tests only: anyone can intercept the connection. Default `false`.
    #[must_use]
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> Self {
        self.tls.accept_invalid_certs = accept;
        self
    }
}
