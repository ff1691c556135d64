//! `connect` outside a Tokio runtime fails with `invalid_argument` and leaves the client usable.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use automoderate::testing::Script;

use crate::common::{client_builder, let_tasks_run};

#[test]
fn connect_outside_a_runtime_leaves_the_client_usable() {
    let script = Script::new();
    let client = client_builder(&script).build().unwrap();
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
        let_tasks_run().await;
    });
}
