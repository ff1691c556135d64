//! I/O of a client. One task per client reads, writes and keeps time for the machine. Each connection attempt and each
//! backfill runs in a task of its own.

mod authenticator;
mod backfill;
mod base_url;
mod credentials;
mod dial;
mod endpoint;
mod endpoint_pool;
#[cfg(feature = "_http")]
mod http_body;
#[cfg(feature = "rest")]
mod login;
mod ongoing_work;
mod page_requests;
#[cfg(feature = "polling")]
mod polling_fallback;
mod redactor;
mod request_auth;
mod request_from_handle;
#[cfg(feature = "rest")]
mod rest_header;
mod state_log;
mod suspend_detector;
mod task;
mod timer;
pub(crate) mod transport;
#[cfg(feature = "polling")]
mod transport_selector;

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
#[cfg(all(feature = "testing", feature = "rest"))]
pub(crate) use login::csrf_token;
pub(crate) use ongoing_work::OngoingWork;
#[cfg(test)]
pub(crate) use page_requests::forward_page_requests_and_capacities;
#[cfg(all(test, feature = "rest"))]
pub(crate) use polling_fallback::PollingFallback;
pub(crate) use request_auth::RequestAuth;
pub(crate) use request_from_handle::{AnswerToHandle, RequestFromHandle};
#[cfg(feature = "rest")]
pub(crate) use rest_header::RestHeader;
#[cfg(test)]
pub(crate) use suspend_detector::SuspendDetector;
pub(crate) use task::ClientTask;
pub(crate) use timer::{Timer, now};
pub(crate) use transport::tls::TlsOptions;
