//! Network options of a client: fallback URLs, transports, headers, proxy and TLS.

use super::ClientBuilder;
#[cfg(doc)]
use crate::ReconnectPolicy;
use crate::{Transports, events::Secret};

impl ClientBuilder {
    /// Adds a fallback URL for the same server, or for another server that uses the same database. If the main URL is
    /// `https`, every fallback URL must be `https` too. The client tries the main URL first, and then the fallback URLs
    /// in the order in which they were added.
    ///
    /// After a lost connection or a failed attempt, the client tries the next URL. After the last URL, it returns to
    /// the first. It stays with a working URL until that URL fails. During an outage, the first attempt at each of the
    /// other URLs is delayed by at most [`jitter`](ReconnectPolicy::jitter) times [`delay`](ReconnectPolicy::delay).
    /// Once every URL has failed, the delays grow as they do with a single URL. The limit on attempts per minute
    /// applies to all URLs together. Unless [`retry_first_connect`](Self::retry_first_connect) is set, the first
    /// connection fails once every URL has failed. REST calls start with the URL that was reached most recently, and
    /// try the next URL only if one can't be reached.
    ///
    /// Projects and cursors carry over to the next URL. If all URLs lead to the same event log, no logged event is lost
    /// or duplicated. If the next URL leads to a different event log, the streams yield a [`Gap`](crate::Gap).
    ///
    /// API keys, session cookies, headers and the password are sent to every URL. The cookie from a login is sent only
    /// to the URL that set it. A URL is not tried again if it refuses credentials that another URL has accepted.
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

    /// Sets which transports the client uses. The default is [`Transports::Auto`].
    #[must_use]
    pub fn transports(mut self, transports: Transports) -> Self {
        self.transports = transports;
        self
    }

    /// Adds an HTTP header to every request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a query parameter to the connection URL.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Sets the URL of the HTTP proxy, in the form `http://[user:password@]host:port`. By default, the client uses the
    /// environment variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Adds PEM-encoded CA certificates to trust in addition to the platform's certificates.
    #[must_use]
    pub fn extra_ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.extra_ca.push(pem.into());
        self
    }

    /// Sets the client certificate, as a PEM-encoded certificate chain and private key.
    #[must_use]
    pub fn client_certificate(mut self, chain_pem: impl Into<Vec<u8>>, key_pem: impl Into<Secret>) -> Self {
        self.tls.client_certificate = Some((chain_pem.into(), key_pem.into()));
        self
    }

    /// Sets the rustls configuration for WebSocket, long-polling and REST. It replaces [`extra_ca`](Self::extra_ca),
    /// [`client_certificate`](Self::client_certificate) and
    /// [`danger_accept_invalid_certs`](Self::danger_accept_invalid_certs), which must not be set as well. The
    /// configuration's ALPN protocols are ignored, because the SDK uses HTTP/1.1.
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

    /// Sets whether the client accepts invalid server certificates. The default is `false`.
    ///
    /// Use this option only in tests, because it lets anyone on the network intercept the connection.
    #[must_use]
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> Self {
        self.tls.accept_invalid_certs = accept;
        self
    }
}
