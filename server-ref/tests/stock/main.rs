//! Third-party Socket.IO clients, used as documented, against this server.
//!
//! `make test-e2e` sets up their dependencies.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod bursts;
mod client;
mod documented;
mod interruptions;
mod library;
mod limits;

#[path = "../it/databases.rs"]
#[allow(dead_code, reason = "of the server's own tests, which use all of it")]
mod databases;
#[path = "../sdk/relay.rs"]
#[allow(dead_code, reason = "of the SDK's tests, which use all of it")]
mod relay;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "of the server's own tests, which use all of it")]
mod support;
#[path = "../it/web.rs"]
#[allow(dead_code, reason = "of the server's own tests, which use all of it")]
mod web;

/// Runs the body with each client over each transport.
async fn each(body: impl AsyncFn(library::Library, client::Transports)) {
    for library in library::LIBRARIES {
        for transports in client::TRANSPORTS {
            eprintln!("{library:?} over {transports:?}");
            body(library, transports).await;
        }
    }
}
