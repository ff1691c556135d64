//! A session ends after seven days, and its sockets with it.

use crate::support::{Socket, http, project, server};
use crate::web::Caller;

#[tokio::test]
async fn its_sockets_end_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::databases::of(folder.path());
    let server = server().database(&url).start().await.unwrap();
    let (user, other) = (Caller::demo(&server).await, Caller::demo(&server).await);
    // The first session has two seconds left.
    let end = jiff::Timestamp::now() + std::time::Duration::from_secs(2);
    let first = "SELECT id FROM sessions ORDER BY expires_at LIMIT 1";
    crate::sql::execute(
        &url,
        format!("UPDATE sessions SET expires_at = {} WHERE id = ({first})", end.as_microsecond()),
    )
    .await;
    let mut socket = user.socket(&server).await;
    let mut kept = other.socket(&server).await;
    socket.join(&project(&server)).await;
    let failure = socket.dismissal().await;
    assert_eq!((failure["code"].as_str(), failure["message"].as_str()), SESSION_OVER);
    assert!(jiff::Timestamp::now().duration_since(end).as_millis() < 1000);
    let Caller::Session { cookie, .. } = &user else { unreachable!() };
    let answer =
        http().get(format!("{}/api/projects", server.base_url())).header("cookie", cookie).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let mut request = Socket::request(&server.base_url(), "");
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    assert!(Socket::open(request, "").await.unwrap().refused().await.contains("no valid session"));
    assert_eq!(kept.ask("heartbeat", serde_json::json!({})).await["ok"], true);
    server.shutdown().await;
}

const SESSION_OVER: (Option<&str>, Option<&str>) = (Some("authentication_failed"), Some("The session has ended"));
