//! I/O of a client. One task per client dials, reads, writes and keeps time for the machine.

mod authenticator;
mod backfill;
mod base_url;
mod credentials;
mod dial;
mod endpoint;
mod endpoint_pool;
#[cfg(feature = "polling")]
mod fallback;
mod handle_request;
#[cfg(feature = "_http")]
mod http_body;
#[cfg(feature = "rest")]
mod login;
mod page_requests;
mod redactor;
mod request_auth;
#[cfg(feature = "rest")]
mod rest_header;
mod state_log;
mod suspend;
mod task;
mod timer;
pub(crate) mod transport;
#[cfg(feature = "polling")]
mod transport_selector;
mod work;

pub(crate) use authenticator::Authenticator;
pub(crate) use backfill::BackfillSource;
pub(crate) use base_url::BaseUrl;
pub(crate) use credentials::CredentialsProvider;
pub use credentials::{ApiKeyVia, Credentials, ProviderError};
#[cfg(feature = "testing")]
pub(crate) use dial::DialFuture;
pub use dial::Transports;
pub(crate) use dial::{DialedTransport, Dialer, SocketDialer};
pub(crate) use endpoint::Endpoint;
#[cfg(feature = "_http")]
pub(crate) use endpoint::HttpClient;
pub(crate) use endpoint_pool::EndpointPool;
#[cfg(all(test, feature = "rest"))]
pub(crate) use fallback::PollingFallback;
pub(crate) use handle_request::{HandleAnswer, HandleRequest};
#[cfg(all(feature = "testing", feature = "rest"))]
pub(crate) use login::csrf_token;
#[cfg(test)]
pub(crate) use page_requests::forward_page_requests;
pub(crate) use request_auth::RequestAuth;
#[cfg(feature = "rest")]
pub(crate) use rest_header::RestHeader;
#[cfg(test)]
pub(crate) use suspend::SuspendDetector;
pub(crate) use task::ClientTask;
pub(crate) use timer::{Timer, now};
pub(crate) use transport::tls::TlsOptions;
pub(crate) use work::OngoingWork;
