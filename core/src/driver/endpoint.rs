//! Configuration that is shared by a client's connections to one address: headers, TLS, proxy and HTTP client.

#[cfg(feature = "rest")]
use std::sync::atomic::AtomicBool;
#[cfg(feature = "_http")]
use std::{
    io,
    sync::{Mutex, PoisonError},
};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;

use super::{BaseUrl, transport::tls};
use crate::Error;
#[cfg(feature = "_http")]
use crate::{ErrorKind, Stage};

/// HTTP client for long-polling, login and REST.
#[cfg(feature = "_http")]
pub(crate) type HttpClient = reqwest::Client;

/// Maximum time for opening an HTTP connection, even if the connect timeout allows more. REST calls need the remainder
/// of their time limit for the response.
#[cfg(feature = "_http")]
const HTTP_CONNECT_TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// Address of the server, with the configuration of all connections to it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) base_url: BaseUrl,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) tls: Arc<tls::TlsOptions>,
    pub(crate) proxy: Option<String>,
    /// Time allowed for a connection attempt.
    pub(crate) connect_timeout: Duration,
    #[cfg(feature = "_http")]
    http_client: Mutex<Option<HttpClient>>,
    /// True once the server has said that it supports idempotency keys.
    #[cfg(feature = "rest")]
    pub(crate) supports_idempotency_keys: AtomicBool,
    rustls: Arc<OnceLock<Arc<rustls::ClientConfig>>>,
}

impl Endpoint {
    pub(crate) fn new(
        base_url: BaseUrl,
        headers: HeaderMap,
        query: Vec<(String, String)>,
        tls: tls::TlsOptions,
        proxy: Option<String>,
    ) -> Self {
        let (tls, rustls) = (Arc::new(tls), Arc::default());
        Self {
            base_url,
            headers,
            query,
            tls,
            proxy,
            connect_timeout: Duration::from_secs(20),
            #[cfg(feature = "_http")]
            http_client: Mutex::default(),
            #[cfg(feature = "rest")]
            supports_idempotency_keys: AtomicBool::default(),
            rustls,
        }
    }

    /// Copies this configuration for another address.
    pub(crate) fn with_base_url(&self, base_url: BaseUrl) -> Self {
        Self {
            base_url,
            headers: self.headers.clone(),
            query: self.query.clone(),
            tls: self.tls.clone(),
            proxy: self.proxy.clone(),
            connect_timeout: self.connect_timeout,
            #[cfg(feature = "_http")]
            http_client: Mutex::default(),
            #[cfg(feature = "rest")]
            supports_idempotency_keys: AtomicBool::default(),
            rustls: self.rustls.clone(),
        }
    }

    /// Returns the proxy for this address, if any, and the `Proxy-Authorization` header to send to it. If the proxy
    /// option is not set, `HTTPS_PROXY` and related environment variables apply.
    pub(crate) fn proxy_for(&self, secure: bool) -> Option<(Uri, Option<HeaderValue>)> {
        let matcher = match &self.proxy {
            Some(proxy) => Matcher::builder().all(proxy.as_str()).build(),
            None => Matcher::from_env(),
        };
        let scheme = if secure { "https" } else { "http" };
        let uri: Uri = format!("{scheme}://{}:{}/", self.base_url.host(), self.base_url.port()).parse().ok()?;
        let intercept = matcher.intercept(&uri)?;
        Some((intercept.uri().clone(), intercept.basic_auth().cloned()))
    }

    /// Returns the TLS configuration. It is created on first use, because loading the system's certificates takes time.
    pub(crate) fn rustls_config(&self) -> Result<Arc<rustls::ClientConfig>, Error> {
        if let Some(config) = self.rustls.get() {
            return Ok(config.clone());
        }
        let config = Arc::new(tls::client_config(&self.tls)?);
        Ok(self.rustls.get_or_init(|| config).clone())
    }

    /// Returns the time allowed for opening a TCP connection: half the connect timeout, so that time remains for the
    /// rest of the attempt. It is divided equally among the host's IP addresses of each family, so that an address that
    /// drops packets leaves time for the others.
    pub(crate) fn tcp_connect_timeout(&self) -> Duration {
        self.connect_timeout / 2
    }

    pub(crate) fn has_tls_options_to_check(&self) -> bool {
        self.tls.has_options_to_check()
    }

    /// Drops idle HTTP connections, which may be dead after a lost connection or a network change.
    pub(crate) fn drop_idle_connections(&self) {
        #[cfg(feature = "_http")]
        {
            *self.http_client.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

#[cfg(feature = "_http")]
impl Endpoint {
    /// Returns the HTTP client, which is created on first use.
    pub(crate) fn http_client(&self) -> Result<HttpClient, Error> {
        let mut cached = self.http_client.lock().unwrap_or_else(PoisonError::into_inner);
        match &*cached {
            Some(http) => Ok(http.clone()),
            None => Ok(cached.insert(self.build_http_client()?).clone()),
        }
    }

    fn build_http_client(&self) -> Result<HttpClient, Error> {
        let failed =
            |error: reqwest::Error| Error::invalid_argument(format!("the HTTP client could not be created: {error}"));
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .default_headers(self.headers.clone())
            .user_agent(concat!("automoderate-rust/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured((*self.rustls_config()?).clone())
            .tcp_nodelay(true)
            .connect_timeout(self.tcp_connect_timeout().min(HTTP_CONNECT_TIMEOUT_MAX))
            .no_proxy();
        if let Some((uri, auth)) = self.proxy_for(self.base_url.is_secure()) {
            let mut proxy = reqwest::Proxy::all(uri.to_string()).map_err(failed)?;
            if let Some(auth) = auth {
                proxy = proxy.custom_http_auth(auth);
            }
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(failed)
    }

    /// Converts the error of a failed request. Only the origin of the URL is kept, because the query may contain an API
    /// key.
    pub(crate) fn request_error(&self, stage: Stage, error: &reqwest::Error) -> Error {
        let mut text = String::new();
        let mut is_tls = false;
        let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
        while let Some(inner) = cause {
            text = inner.to_string();
            is_tls |= inner.is::<rustls::Error>();
            // `io::Error::source` skips the wrapped error and returns that error's source, so the wrapped error is checked
            // here.
            is_tls |= inner.downcast_ref().and_then(io::Error::get_ref).is_some_and(|it| it.is::<rustls::Error>());
            cause = inner.source();
        }
        if text.is_empty() {
            text = if error.is_timeout() { "timed out".into() } else { "the request failed".into() };
        }
        let stage = match (error.is_connect(), is_tls) {
            (true, true) => Stage::Tls,
            (true, false) => Stage::Network,
            (false, _) => stage,
        };
        let message = format!("{}: {text}", self.base_url.origin());
        Error::new(ErrorKind::ConnectFailed, message).with_stage(stage)
    }
}
