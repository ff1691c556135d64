//! The only floor that does I/O: one task per client that dials, reads, writes and keeps the time for the machine.

mod access;
mod addresses;
mod backfill;
mod dial;
mod environment;
mod fallback;
mod http_body;
mod login;
mod redactor;
mod request;
mod suspend;
mod target;
mod task;
mod timer;
pub(crate) mod transport;
mod work;

pub(crate) use access::Provider;
pub(crate) use access::{Access, Authority, RestHeader};
pub use access::{ApiKeyVia, Credentials, ProviderError};
pub(crate) use addresses::Addresses;
pub(crate) use backfill::BackfillSource;
#[cfg(feature = "testing")]
pub(crate) use dial::DialPlan;
pub use dial::Transports;
pub(crate) use dial::{Dialed, Dialer, SocketDialer};
pub(crate) use environment::{Environment, Http};
#[cfg(feature = "testing")]
pub(crate) use login::csrf_token;
pub(crate) use request::{Answer, Request};
pub(crate) use target::Target;
pub(crate) use task::Task;
#[cfg(test)]
pub(crate) use task::request_pages;
pub(crate) use transport::tls::Options as TlsOptions;
pub(crate) use work::Work;
