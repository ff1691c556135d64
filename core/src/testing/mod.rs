//! Servers for tests of programs that use this crate: [`Server`], on loopback, with an event log, and [`Script`], in memory,
//! byte for byte.
//!
//! A [`Script`] takes the place of the network: every attempt of the client to connect comes out of
//! [`Script::accept`] as a [`Connection`], on which the test reads and writes the packets of Engine.IO and Socket.IO,
//! byte for byte where it matters, or with helpers such as [`Connection::handshake`] and
//! [`Connection::accept_join`]. Attempts can be made to fail ([`Script::next_dial`]), connections be cut or fall silent.
//!
//! The client takes its time from tokio's clock. With a paused one, see [`Clock`], an outage of an hour takes
//! milliseconds.
//!
//! REST calls, and the login of an address and a password, go over the network also with a script in place.
//!
//! ```
//! use automoderate::{Client, Event, testing::{Clock, Script}};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), automoderate::Error> {
//! let clock = Clock::paused();
//! let script = Script::new();
//! let builder = Client::builder("http://test").script(&script);
//! let (client, mut server) = tokio::join!(builder.connect(), script.accept_handshake());
//! let client = client?;
//!
//! let (project, _) = tokio::join!(client.join("proj_1"), server.accept_join("proj_1", None));
//! let mut events = project?.events();
//! server.emit("moderation_update", &json!({"content_id": "c1", "project_id": "proj_1", "status": "approved"}));
//! let Some(Ok(Event::ModerationUpdate(update))) = events.next().await else { panic!("no update") };
//! assert_eq!(update.content_id, "c1");
//!
//! // The connection is cut; the client comes back and joins again.
//! server.cut();
//! let mut server = script.accept_handshake().await;
//! server.accept_join("proj_1", None).await;
//! assert!(clock.elapsed().as_secs() < 3);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "testing")]
mod clock;
#[cfg(feature = "testing")]
mod connection;
mod emitted;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "testing")]
mod helpers;
#[cfg(feature = "testing")]
mod script;
mod server;
#[cfg(feature = "testing")]
mod transport;

#[cfg(feature = "testing")]
pub(crate) use clock::slept;
pub use emitted::Emitted;
pub use server::Server;
#[cfg(feature = "testing")]
pub use {clock::Clock, connection::Connection, helpers::EventLog, script::Dial, script::Script};
