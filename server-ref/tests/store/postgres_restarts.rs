//! PostgreSQL repeatedly goes away while many items arrive, and comes back.

use std::time::Duration;

use reqwest::StatusCode;

use crate::books::Access;
use crate::cluster::Cluster;
use crate::listener::Listener;
use crate::load::Load;
use crate::support::{csrf_token, eventually, first_cookie, http, key, project, server};

const CONTENTS: usize = 6_000;
const CONNECTIONS: usize = 32;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn nothing_is_lost_and_nothing_twice() {
    let mut cluster = Cluster::start().await;
    let server = server().database(cluster.database()).start().await.unwrap();
    let access = Access { base_url: server.base_url(), key: key(&server), project_id: project(&server) };
    let listener = Listener::start(&access, CONTENTS).await;
    let ready = format!("{}/ready", access.base_url);
    let status = async || http().get(&ready).send().await.unwrap().status();
    assert_eq!(status().await, StatusCode::OK);

    let load = Load::start(&access.base_url, &access.key, CONTENTS, CONNECTIONS);
    for (n, signal) in [(1, "QUIT"), (2, "KILL"), (3, "QUIT"), (4, "INT")] {
        load.reaches(n * CONTENTS / 5).await;
        cluster.down(signal);
        // The server lives, says so, and refuses.
        assert_eq!(status().await, StatusCode::SERVICE_UNAVAILABLE);
        if n == 1 {
            // The form needs no database, but nobody can sign in.
            let login = format!("{}/auth/login", access.base_url);
            let form = http().get(&login).send().await.unwrap();
            assert_eq!(form.status(), StatusCode::OK);
            let cookie = first_cookie(&form);
            let token = csrf_token(&form.text().await.unwrap());
            let fields = [("csrf_token", token.as_str()), ("email", "a@example.org"), ("password", "x")];
            let refused = http().post(&login).header("cookie", cookie).form(&fields).send().await.unwrap();
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
            let answer: serde_json::Value = refused.json().await.unwrap();
            assert_eq!((&answer["code"], &answer["retry_after"]), (&"unavailable".into(), &1.into()));
            // Longer than requests wait for a connection.
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
        cluster.up().await;
        eventually("ready again", async || status().await == StatusCode::OK).await;
    }
    let tally = load.finish().await;
    assert_eq!((tally.ids.len(), tally.unanswered), (CONTENTS, 0));
    // Items refused with "unavailable" were not stored, and may be submitted again. No outcome was unknown.
    assert_eq!(tally.refused.keys().map(String::as_str).collect::<Vec<_>>(), ["unavailable"]);
    assert_eq!(access.balance(&tally).await, CONTENTS);

    listener.has_heard_the_log(&access).await;
    eprintln!("lost 0, twice 0, of {CONTENTS}; refused {:?}", tally.refused);
    server.shutdown().await;
}
