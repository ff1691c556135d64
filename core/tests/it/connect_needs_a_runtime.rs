//! `connect` outside a tokio runtime is an error with a code, and leaves the client unchanged.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use automoderate::testing::Script;

use crate::common::{builder, settle};

#[test]
fn the_client_stays_usable() {
    let script = Script::new();
    let client = builder(&script).build().unwrap();
    for _ in 0..2 {
        match pin!(client.connect()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(error)) => assert_eq!(error.code(), "invalid_argument"),
            other => panic!("{other:?}"),
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (connected, server) = tokio::join!(client.connect(), script.accept_handshake());
        connected.unwrap();
        drop(client);
        server.closed().await;
        settle().await;
    });
}
