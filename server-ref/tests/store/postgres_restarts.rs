//! PostgreSQL is repeatedly stopped and restarted while many items are submitted.

use std::time::Duration;

use reqwest::StatusCode;

use crate::cluster::PostgresCluster;
use crate::listener::EventListener;
use crate::load::Load;
use crate::stored_data::Access;
use crate::support::{
    csrf_token, demo_api_key, demo_project_id, demo_server_builder, eventually, first_cookie, http_client,
};

const ITEM_COUNT: usize = 6_000;
const CONNECTIONS: usize = 32;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn restarts_cause_no_loss_and_no_duplicates() {
    let mut cluster = PostgresCluster::start().await;
    let server = demo_server_builder().database(cluster.create_test_database()).start().await.unwrap();
    let access =
        Access { base_url: server.base_url(), key: demo_api_key(&server), project_id: demo_project_id(&server) };
    let listener = EventListener::start(&access, ITEM_COUNT).await;
    let ready = format!("{}/ready", access.base_url);
    let status = async || http_client().get(&ready).send().await.unwrap().status();
    assert_eq!(status().await, StatusCode::OK);

    let load = Load::start(&access.base_url, &access.key, ITEM_COUNT, CONNECTIONS);
    for (n, signal) in [(1, "QUIT"), (2, "KILL"), (3, "QUIT"), (4, "INT")] {
        load.wait_until_acknowledged(n * ITEM_COUNT / 5).await;
        cluster.stop(signal);
        // The server keeps running, but reports that it is not ready.
        assert_eq!(status().await, StatusCode::SERVICE_UNAVAILABLE);
        if n == 1 {
            // The sign-in form needs no database, but signing in does.
            let login = format!("{}/auth/login", access.base_url);
            let form = http_client().get(&login).send().await.unwrap();
            assert_eq!(form.status(), StatusCode::OK);
            let cookie = first_cookie(&form);
            let token = csrf_token(&form.text().await.unwrap());
            let fields = [("csrf_token", token.as_str()), ("email", "a@example.org"), ("password", "x")];
            let refused = http_client().post(&login).header("cookie", cookie).form(&fields).send().await.unwrap();
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
            let answer: serde_json::Value = refused.json().await.unwrap();
            assert_eq!((&answer["code"], &answer["retry_after"]), (&"unavailable".into(), &1.into()));
            // This delay is longer than the time for which a request waits for a database connection.
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
        cluster.ensure_running().await;
        eventually("the server is ready again", async || status().await == StatusCode::OK).await;
    }
    let tally = load.finish().await;
    assert_eq!((tally.ids.len(), tally.unanswered), (ITEM_COUNT, 0));
    // Items refused with `unavailable` were not stored and may be resubmitted. No outcome was unknown.
    assert_eq!(tally.refused.keys().map(String::as_str).collect::<Vec<_>>(), ["unavailable"]);
    assert_eq!(access.check_consistency(&tally).await, ITEM_COUNT);

    listener.expect_whole_log(&access).await;
    eprintln!("lost 0, twice 0, of {ITEM_COUNT}; refused {:?}", tally.refused);
    server.shutdown().await;
}
