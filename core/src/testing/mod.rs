//! Servers for tests of programs that use this crate: [`Server`], on loopback, with an event log, and [`Script`], in
//! memory, byte for byte.
//!
//! A [`Script`] replaces the network: [`Script::accept`] returns every connection attempt of the client as a
//! [`Connection`], on which the test reads and writes the packets of Engine.IO and Socket.IO, byte for byte or with
//! helpers such as [`Connection::handshake`] and [`Connection::accept_join`]. Attempts can fail
//! ([`Script::next_dial`]), and connections can be cut or fall silent.
//!
//! The client uses tokio's clock. With a paused one, see [`Clock`], an outage of an hour takes milliseconds.
//!
//! REST calls and the login by email and password use the network even with a script.
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
//! // The connection is cut; the client reconnects and joins again.
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
