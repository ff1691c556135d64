//! A load balancer that sends the requests of one polling session to different nodes.

use std::time::Duration;

use automoderate::{Client, ReconnectPolicy};

use crate::{
    server::{OPEN_PACKET, RawConnection, RawServer},
    within_timeout,
};

/// Loses this many polling sessions right after their acknowledgement, and only then accepts a WebSocket.
async fn lose_polling_sessions(server: &RawServer, sessions: u32) -> RawConnection {
    let (mut lost, mut polls) = (0, 0);
    loop {
        let request = within_timeout("the next request", server.next_request()).await;
        let is_post = request.head.starts_with("POST ");
        match (request.is_websocket(), request.head.contains("sid=")) {
            (true, _) if lost >= sessions => return request.upgrade().await.open().await,
            (true, _) => request.answer("400 Bad Request", "").await,
            (false, false) => {
                polls = 0;
                request.answer("200 OK", OPEN_PACKET).await;
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
async fn an_unknown_session_is_not_a_refusal_of_credentials() {
    let server = RawServer::start().await;
    let pause = Duration::from_millis(20);
    let policy =
        ReconnectPolicy { delay: pause, max_delay: pause, max_attempts_per_minute: 100, ..ReconnectPolicy::default() };
    let builder = Client::builder(server.url()).retry_first_connect(true).reconnect(policy);
    let (client, _connection) =
        tokio::join!(within_timeout("the connection", builder.connect()), lose_polling_sessions(&server, 6));
    client.unwrap().close().await;
}
