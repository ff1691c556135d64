//! Servers for testing programs that use this crate.
//!
//! [`Server`] listens on loopback and behaves like a complete server, with or without an event log. [`Script`] replaces
//! the network and leaves each packet to the test.
//!
//! [`Script::accept`] accepts the client's next connection attempt and returns a [`Connection`]. On this connection,
//! the test reads and writes Engine.IO and Socket.IO packets, verbatim or through helpers such as
//! [`Connection::handshake`] and [`Connection::accept_join`]. The test can also make attempts fail
//! ([`Script::next_dial`]), cut connections and ignore the client's probes.
//!
//! The client uses Tokio's clock. With a paused [`Clock`], an outage of an hour takes milliseconds.
//!
//! REST calls and logins with email and password use the network even with a script.
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
//! // After the connection is cut, the client reconnects and joins again.
//! server.cut();
//! let mut server = script.accept_handshake().await;
//! server.accept_join("proj_1", None).await;
//! assert!(clock.elapsed().as_secs() < 3);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "testing")]
mod connection;
mod emitted;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "testing")]
mod paused_clock;
#[cfg(feature = "testing")]
mod script;
#[cfg(feature = "testing")]
mod scripted_exchanges;
mod server;
#[cfg(feature = "testing")]
mod transport;

pub use emitted::Emitted;
#[cfg(feature = "testing")]
pub(crate) use paused_clock::simulated_sleep;
pub use server::Server;
#[cfg(feature = "testing")]
pub use {connection::Connection, paused_clock::Clock, script::Dial, script::Script, scripted_exchanges::EventLog};
