//! Third-party Socket.IO clients, used as documented, with this server.
//!
//! `make test-e2e` sets up the clients' dependencies.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod bursts;
mod client;
mod documented;
mod interruptions;
mod library;
mod limits;

#[path = "../it/databases.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod databases;
#[path = "../sdk/relay.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod relay;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod support;
#[path = "../it/web.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod web;

/// Runs the body with each library over each combination of transports.
async fn for_each_client(body: impl AsyncFn(library::Library, client::Transports)) {
    for library in library::LIBRARIES {
        for transports in client::TRANSPORTS {
            eprintln!("{library:?} over {transports:?}");
            body(library, transports).await;
        }
    }
}
