//! Limits per address count the clients' addresses behind a trusted proxy, and the peer's otherwise.

use automoderate_server::{Error, Limits, RunningServer};
use serde_json::Value;

use crate::support::{Socket, http, key, server};

async fn from(server: &RunningServer, address: &str) -> Socket {
    let mut request = Socket::request(&server.base_url(), &format!("&api_key={}", key(server)));
    request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
    Socket::open(request, "").await.unwrap()
}

#[tokio::test]
async fn connections_are_counted_by_the_forwarded_address() {
    let limits = Limits { connections_per_ip: 1, ..Limits::none() };
    let builder = server().limits(limits).trusted_proxies(["127.0.0.0/8"]).unwrap();
    let server = builder.start().await.unwrap();
    let mut first = from(&server, "198.51.100.1").await;
    first.accepted().await;
    let mut second = from(&server, "198.51.100.2").await;
    second.accepted().await;
    // The client's own claims come before the proxy's entry.
    let mut forged = from(&server, "192.0.2.9, 198.51.100.1").await;
    assert!(forged.refused().await.contains("Too many connections"));
    server.shutdown().await;
}

#[tokio::test]
async fn nobody_is_believed_unasked() {
    let limits = Limits { connections_per_ip: 1, ..Limits::none() };
    let builder = server().limits(limits).trusted_proxies(["10.0.0.1"]).unwrap();
    let server = builder.start().await.unwrap();
    let mut first = from(&server, "198.51.100.1").await;
    first.accepted().await;
    let mut second = from(&server, "198.51.100.2").await;
    assert!(second.refused().await.contains("Too many connections"));
    server.shutdown().await;
    let nonsense = crate::support::server().trusted_proxies(["proxy.example"]);
    assert!(matches!(nonsense, Err(Error::Address(_))));
}

#[tokio::test]
async fn sign_ins_are_throttled_by_the_same_address() {
    let limits = Limits { failed_logins_per_minute: 2, ..Limits::none() };
    let builder = server().limits(limits).trusted_proxies(["127.0.0.1"]).unwrap();
    let server = builder.start().await.unwrap();
    let demo = server.demo().unwrap().clone();
    let url = format!("{}/auth/login", server.base_url());
    let form = http().get(&url).send().await.unwrap();
    let cookie = crate::support::first_cookie(&form);
    let token = crate::support::csrf_token(&form.text().await.unwrap());
    let attempt = async |address: &str, password: &str| {
        let fields = [("csrf_token", token.as_str()), ("email", &demo.email), ("password", password)];
        let request = http().post(&url).header("cookie", &cookie).header("x-forwarded-for", address);
        request.form(&fields).send().await.unwrap()
    };
    for _ in 0..2 {
        assert_eq!(attempt("198.51.100.1", "wrong").await.status(), 200);
    }
    // Even the right password, because it may have been guessed.
    let refused = attempt("198.51.100.1", &demo.password).await;
    assert_eq!(refused.status(), 429);
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    let answer: Value = refused.json().await.unwrap();
    assert_eq!((&answer["code"], &answer["retry_after"]), (&"rate_limited".into(), &seconds.into()));
    assert_eq!(attempt("198.51.100.2", &demo.password).await.status(), 302);
    server.shutdown().await;
}
