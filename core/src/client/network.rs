//! The options of a client that concern the network: transports, headers, the proxy and TLS.

use super::ClientBuilder;
use crate::{Transports, events::Secret};

impl ClientBuilder {
    /// Which transports to use. Default [`Transports::Auto`].
    #[must_use]
    pub fn transports(mut self, transports: Transports) -> Self {
        self.transports = transports;
        self
    }

    /// A header for every request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A parameter for the connection query.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// The HTTP proxy, as `http://[user:password@]host:port`. Default: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// PEM certificates of authorities to trust besides the platform's.
    #[must_use]
    pub fn extra_ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.extra_ca.push(pem.into());
        self
    }

    /// The certificate to show to the server: its PEM chain and PEM key.
    #[must_use]
    pub fn client_certificate(mut self, chain_pem: impl Into<Vec<u8>>, key_pem: impl Into<Secret>) -> Self {
        self.tls.client_certificate = Some((chain_pem.into(), key_pem.into()));
        self
    }

    /// rustls's own settings, for WebSocket, long-polling and REST, in the place of
    /// [`extra_ca`](Self::extra_ca), [`client_certificate`](Self::client_certificate) and
    /// [`danger_accept_invalid_certs`](Self::danger_accept_invalid_certs). Its ALPN protocols are not used: the SDK speaks
    /// HTTP/1.1.
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

    /// Takes any certificate of the server: for tests only, because anybody can listen then. Default: no.
    #[must_use]
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> Self {
        self.tls.accept_invalid_certs = accept;
        self
    }
}
