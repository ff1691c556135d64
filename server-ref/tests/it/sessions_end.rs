//! A session expires seven days after its last change, and its sockets are then closed.

use crate::support::{Socket, demo_project_id, demo_server_builder, http_client};
use crate::web::Caller;

#[tokio::test]
async fn sockets_close_when_their_session_expires() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::databases::folder_database_url(folder.path());
    let server = demo_server_builder().database(&url).start().await.unwrap();
    let (user, other) = (Caller::demo_user(&server).await, Caller::demo_user(&server).await);
    // This statement makes the first session expire in two seconds.
    let end = jiff::Timestamp::now() + std::time::Duration::from_secs(2);
    let first = "SELECT id FROM sessions ORDER BY expires_at LIMIT 1";
    crate::sql::execute(
        &url,
        format!("UPDATE sessions SET expires_at = {} WHERE id = ({first})", end.as_microsecond()),
    )
    .await;
    let mut socket = user.connect_socket(&server).await;
    let mut kept = other.connect_socket(&server).await;
    socket.join(&demo_project_id(&server)).await;
    let failure = socket.expect_dismissal().await;
    assert_eq!((failure["code"].as_str(), failure["message"].as_str()), SESSION_ENDED_FAILURE);
    assert!(jiff::Timestamp::now().duration_since(end).as_millis() < 1000);
    let Caller::Session { cookie, .. } = &user else { unreachable!() };
    let answer =
        http_client().get(format!("{}/api/projects", server.base_url())).header("cookie", cookie).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let mut request = Socket::request(&server.base_url(), "");
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    assert!(Socket::open(request, "").await.unwrap().expect_refusal().await.contains("no valid session"));
    assert_eq!(kept.emit_with_ack("heartbeat", serde_json::json!({})).await["ok"], true);
    server.shutdown().await;
}

const SESSION_ENDED_FAILURE: (Option<&str>, Option<&str>) =
    (Some("authentication_failed"), Some("The session has ended"));
