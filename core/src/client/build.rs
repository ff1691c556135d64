//! Construction of a client from the builder's options.

use std::sync::{Arc, Mutex};

use rand::{SeedableRng, rngs::SmallRng};
use tokio::sync::{Notify, mpsc, watch};

use super::{
    Client, ClientBuilder, ClientShared,
    option_checks::{parse_fallback_urls, parse_headers, validate_proxy},
};
use crate::{
    Error, Metrics,
    delivery::{BufferLimits, CursorRegistry, Hub, StateFeed},
    driver::{
        Authenticator, BackfillSource, BaseUrl, ClientTask, Dialer, Endpoint, EndpointPool, OngoingWork, SocketDialer,
    },
    session::{Machine, SessionConfig},
};

/// Maximum number of requests queued for the client's task. Callers wait while the queue is full.
const QUEUED_REQUESTS_MAX: usize = 64;

impl ClientBuilder {
    /// Creates a client without connecting it. Call [`Client::connect`] to connect.
    ///
    /// # Errors
    /// Returns `invalid_argument` if an option is invalid. The message names the option.
    pub fn build(self) -> Result<Client, Error> {
        self.validate()?;
        let base_url = BaseUrl::parse("url", &self.url)?;
        let others = parse_fallback_urls(&base_url, &self.fallback_urls)?;
        let headers = parse_headers(&self.headers)?;
        self.proxy.as_deref().map_or(Ok(()), validate_proxy)?;
        let authenticator =
            Arc::new(Authenticator::new(self.credentials, self.provider, self.api_key, self.api_key_via));
        let added = self.headers.iter().chain(&self.query).map(|(_, value)| value.clone().into());
        added.for_each(|value| authenticator.add_secret_to_redact(&value));
        let mut endpoint = Endpoint::new(base_url, headers, self.query, self.tls, self.proxy);
        if endpoint.has_tls_options_to_check()
            || std::iter::once(&endpoint.base_url).chain(&others).any(BaseUrl::is_secure)
        {
            endpoint.rustls_config()?;
        }
        endpoint.connect_timeout = self.session_config.connect_timeout;
        let others: Vec<_> = others.into_iter().map(|base_url| endpoint.with_base_url(base_url)).collect();
        let endpoints = Arc::new(EndpointPool::new(endpoint, others));
        let session = SessionConfig {
            endpoint_count: endpoints.all().len(),
            can_ask_rest: cfg!(feature = "rest") && authenticator.may_have_api_key(),
            credentials_source: authenticator.credentials_source(),
            is_paced_by_readers: true,
            has_only_api_key: authenticator.has_only_api_key(),
            has_spare_api_key: authenticator.has_spare_api_key(),
            ..self.session_config
        };
        #[cfg(feature = "rest")]
        let api = Arc::new(crate::rest::Api {
            endpoints: endpoints.clone(),
            authenticator: authenticator.clone(),
            timeout: self.request_timeout,
            no_idempotency_query_before: std::sync::Mutex::default(),
        });
        #[cfg(feature = "rest")]
        let backfill: Option<Arc<dyn BackfillSource>> = Some(Arc::new(api.clone()));
        #[cfg(not(feature = "rest"))]
        let backfill: Option<Arc<dyn BackfillSource>> = None;
        let ack_timeout = session.ack_timeout;
        let dialer = |endpoint: &Arc<Endpoint>| -> Arc<dyn Dialer> {
            let (endpoint, authenticator) = (endpoint.clone(), authenticator.clone());
            match &self.dialer_factory {
                Some(make) => make(endpoint, authenticator),
                None => Arc::new(SocketDialer::new(endpoint, authenticator, self.transports, session.connect_timeout)),
            }
        };
        let dialers = endpoints.all().iter().map(dialer).collect();
        #[allow(clippy::disallowed_methods)] // the seed of the session's random numbers; tests pass their own
        let rng = self.rng_seed.map_or_else(|| SmallRng::seed_from_u64(rand::random()), SmallRng::seed_from_u64);
        let (requests, receiver) = mpsc::channel(QUEUED_REQUESTS_MAX);
        let (metrics_sender, metrics) = watch::channel(Metrics::default());
        let bound = BufferLimits { events: self.event_buffer, bytes: self.buffer_bytes };
        let hub = Arc::new(Hub::new(bound, self.overflow));
        let (cursors, states) = (Arc::new(CursorRegistry::default()), Arc::new(StateFeed::new()));
        let network_changed = Arc::new(Notify::new());
        let task = ClientTask {
            endpoints: endpoints.clone(),
            authenticator,
            machine: Machine::new(session, rng),
            dialers,
            backfill,
            requests: receiver,
            network_changed: network_changed.clone(),
            hub: hub.clone(),
            cursors: cursors.clone(),
            states: states.clone(),
            metrics: metrics_sender,
            work: OngoingWork::default(),
        };
        let shared = ClientShared {
            requests,
            unstarted_task: Mutex::new(Some(task)),
            hub,
            cursors,
            states,
            metrics,
            network_changed,
            endpoints,
            #[cfg(feature = "rest")]
            api,
            ack_timeout,
        };
        Ok(Client { shared: Arc::new(shared) })
    }

    /// Creates a client and connects it. See [`Client::connect`] for when the future resolves.
    ///
    /// # Errors
    /// Returns the same errors as [`build`](Self::build) and [`Client::connect`].
    ///
    /// # Cancel safety
    /// Dropping the future drops the client and aborts the connection attempt.
    pub async fn connect(self) -> Result<Client, Error> {
        let client = self.build()?;
        client.connect().await?;
        Ok(client)
    }
}
