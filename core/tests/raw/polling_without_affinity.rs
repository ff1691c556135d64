//! A balancer that sends the requests of one polling session to different processes of the server.

use std::time::Duration;

use automoderate::{Client, ReconnectPolicy};

use crate::{
    server::{Connection, OPEN, Server},
    soon,
};

/// Takes WebSockets only after so many polling sessions, each of which is lost right after its acknowledgement.
async fn play(server: &Server, sessions: u32) -> Connection {
    let (mut lost, mut polls) = (0, 0);
    loop {
        let request = soon("the next request", server.next_request()).await;
        let is_post = request.head.starts_with("POST ");
        match (request.is_websocket(), request.head.contains("sid=")) {
            (true, _) if lost >= sessions => return request.upgrade().await.open().await,
            (true, _) => request.answer("400 Bad Request", "").await,
            (false, false) => {
                polls = 0;
                request.answer("200 OK", OPEN).await;
            }
            (false, true) if is_post => request.answer("200 OK", "ok").await,
            (false, true) => {
                polls += 1;
                lost += u32::from(polls == 2);
                let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
                match polls {
                    1 => request.answer("200 OK", r#"40{"sid":"n"}"#).await,
                    _ => request.answer("400 Bad Request", unknown).await,
                }
            }
        }
    }
}

#[tokio::test]
async fn a_process_that_does_not_know_the_session_refuses_no_credentials() {
    let server = Server::start().await;
    let pause = Duration::from_millis(20);
    let policy =
        ReconnectPolicy { delay: pause, max_delay: pause, max_attempts_per_minute: 100, ..ReconnectPolicy::default() };
    let builder = Client::builder(server.url()).retry_first_connect(true).reconnect(policy);
    let (client, _connection) = tokio::join!(soon("the connection", builder.connect()), play(&server, 6));
    client.unwrap().close().await;
}
