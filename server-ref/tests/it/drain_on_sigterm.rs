//! The server program on SIGTERM or SIGINT: it drains, disconnects its sockets, and exits with status 0.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::program::ServerProgram;
use crate::support::{Socket, http_client};

#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_disconnected_and_the_exit_status_is_0() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["TERM", "INT"] {
        let program = ServerProgram::start(folder.path(), &["--demo"]).await;
        let query = format!("&api_key={}", program.api_key());
        let mut socket = Socket::open(Socket::request(&program.base_url(), &query), "").await.unwrap();
        socket.expect_accepted().await;
        socket.join(&program.project_id()).await;

        // A hanging long poll must not delay the drain.
        let polling = format!("{}/socket.io/?EIO=4&transport=polling{query}", program.base_url());
        let open = http_client().get(&polling).send().await.unwrap().text().await.unwrap();
        let open: serde_json::Value = serde_json::from_str(&open[1..]).unwrap();
        let polling = format!("{polling}&sid={}", open["sid"].as_str().unwrap());
        let ping = http_client().get(&polling).send().await.unwrap().text().await.unwrap();
        assert_eq!(ping, "2");
        let mut poll = TcpStream::connect(program.base_url().trim_start_matches("http://")).await.unwrap();
        let path = polling.trim_start_matches(&program.base_url());
        poll.write_all(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes()).await.unwrap();
        // Connections are accepted in order, so the answer to this request proves that the poll was accepted.
        http_client().get(format!("{}/live", program.base_url())).send().await.unwrap();

        let started = Instant::now();
        program.signal(signal);
        // The server must not send an Engine.IO CLOSE, after which python-socketio would not reconnect.
        assert_eq!(socket.read_to_close().await, (Vec::<String>::new(), Some(1001)));
        assert_eq!(program.exit_code().await, Some(0), "SIG{signal}");
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
        let mut answer = String::new();
        poll.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_submission_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let program = ServerProgram::start(folder.path(), &["--demo"]).await;
    let url = format!("{}/api/moderate", program.base_url());
    let client = http_client();
    let posts = (0..8).map(|n| {
        let (client, url, key) = (client.clone(), url.clone(), program.api_key());
        tokio::spawn(async move {
            let mut accepted = Vec::new();
            loop {
                let body = json!({"content": format!("{n}")});
                match client.post(&url).header("x-api-key", &key).json(&body).send().await {
                    Ok(response) if response.status().is_success() => {
                        let answer: serde_json::Value = response.json().await.unwrap();
                        accepted.push(answer["content_id"].as_str().unwrap().to_owned());
                    }
                    Ok(response) => assert_eq!(response.status(), 503),
                    Err(_) => return accepted,
                }
            }
        })
    });
    let posts: Vec<_> = posts.collect();
    tokio::time::sleep(Duration::from_millis(200)).await; // leaves some requests in flight
    program.signal("TERM");
    assert_eq!(program.exit_code().await, Some(0));
    let mut accepted = Vec::new();
    for post in posts {
        accepted.extend(post.await.unwrap());
    }
    assert!(!accepted.is_empty());

    let program = ServerProgram::start(folder.path(), &["--demo"]).await;
    for id in &accepted {
        let url = format!("{}/api/content/{id}", program.base_url());
        let response = client.get(url).header("x-api-key", program.api_key()).send().await.unwrap();
        assert_eq!(response.status(), 200, "{id} was answered but is not stored");
    }
    let stats = format!("{}/api/stats", program.base_url());
    let stats: serde_json::Value =
        client.get(stats).header("x-api-key", program.api_key()).send().await.unwrap().json().await.unwrap();
    assert!(stats["stats"]["total_content"].as_u64().unwrap() >= accepted.len() as u64);
}

#[tokio::test]
async fn an_invalid_option_or_database_is_an_error() {
    for (arguments, status) in [
        (vec!["serve", "--ping-interval", "0"], 2),
        (vec!["serve", "--listen", "nonsense", "--database", "mysql://x"], 1),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_automoderate-server"))
            .args(&arguments)
            .output()
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        assert!(output.stdout.is_empty());
        assert!(!output.stderr.is_empty());
    }
}
