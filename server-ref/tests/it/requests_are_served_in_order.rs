//! A connection's requests don't overtake one another, even when they are sent at once.

use serde_json::json;

use crate::support::{Socket, project, server};

#[tokio::test(flavor = "multi_thread")]
async fn join_leave_join_leave() {
    let server = server().start().await.unwrap();
    let id = project(&server);
    let mut socket = Socket::connect(&server).await;
    for n in 0..20 {
        let event = if n % 2 == 0 { "join_project" } else { "leave_project" };
        socket.send(&format!("42{n}{}", json!([event, {"project_id": id}]))).await;
    }
    for n in 0..20 {
        let event = if n % 2 == 0 { "joined_project" } else { "left_project" };
        let reply = socket.packet().await.unwrap();
        assert!(reply.starts_with(&format!("42[\"{event}\"")), "{n}: {reply}");
        assert_eq!(socket.packet().await.unwrap(), format!("43{n}[{{\"ok\":true}}]"));
    }
    server.shutdown().await;
}
