//! The requests of a connection are handled in order, even if a client sends several without waiting for answers.

use serde_json::json;

use crate::support::{Socket, demo_project_id, demo_server_builder};

#[tokio::test(flavor = "multi_thread")]
async fn joins_and_leaves_are_handled_in_order() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let mut socket = Socket::connect(&server).await;
    for n in 0..20 {
        let event = if n % 2 == 0 { "join_project" } else { "leave_project" };
        socket.send(&format!("42{n}{}", json!([event, {"project_id": id}]))).await;
    }
    for n in 0..20 {
        let event = if n % 2 == 0 { "joined_project" } else { "left_project" };
        let reply = socket.next_packet().await.unwrap();
        assert!(reply.starts_with(&format!("42[\"{event}\"")), "{n}: {reply}");
        assert_eq!(socket.next_packet().await.unwrap(), format!("43{n}[{{\"ok\":true}}]"));
    }
    server.shutdown().await;
}
