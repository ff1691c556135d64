//! Limits on sockets and sign-ins per address apply to the forwarded address if the peer is a trusted proxy, and otherwise to the peer's
//! address.

use automoderate_server::{Error, Limits, RunningServer};
use serde_json::Value;

use crate::support::{Socket, demo_api_key, demo_server_builder, http_client};

async fn open_socket_from(server: &RunningServer, address: &str) -> Socket {
    let mut request = Socket::request(&server.base_url(), &format!("&api_key={}", demo_api_key(server)));
    request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
    Socket::open(request, "").await.unwrap()
}

#[tokio::test]
async fn connections_are_counted_by_the_forwarded_address() {
    let limits = Limits { connections_per_ip: 1, ..Limits::none() };
    let builder = demo_server_builder().limits(limits).trusted_proxies(["127.0.0.0/8"]).unwrap();
    let server = builder.start().await.unwrap();
    let mut first = open_socket_from(&server, "198.51.100.1").await;
    first.expect_accepted().await;
    let mut second = open_socket_from(&server, "198.51.100.2").await;
    second.expect_accepted().await;
    // Addresses that the client itself puts into the header precede the address that the proxy appends.
    let mut forged = open_socket_from(&server, "192.0.2.9, 198.51.100.1").await;
    assert!(forged.expect_refusal().await.contains("Too many connections"));
    server.shutdown().await;
}

#[tokio::test]
async fn forwarded_addresses_of_other_peers_are_ignored() {
    let limits = Limits { connections_per_ip: 1, ..Limits::none() };
    let builder = demo_server_builder().limits(limits).trusted_proxies(["10.0.0.1"]).unwrap();
    let server = builder.start().await.unwrap();
    let mut first = open_socket_from(&server, "198.51.100.1").await;
    first.expect_accepted().await;
    let mut second = open_socket_from(&server, "198.51.100.2").await;
    assert!(second.expect_refusal().await.contains("Too many connections"));
    server.shutdown().await;
    let nonsense = crate::support::demo_server_builder().trusted_proxies(["proxy.example"]);
    assert!(matches!(nonsense, Err(Error::ProxyAddress(_))));
}

#[tokio::test]
async fn sign_ins_are_limited_by_the_forwarded_address() {
    let limits = Limits { failed_logins_per_minute: 2, ..Limits::none() };
    let builder = demo_server_builder().limits(limits).trusted_proxies(["127.0.0.1"]).unwrap();
    let server = builder.start().await.unwrap();
    let demo = server.demo().unwrap().clone();
    let url = format!("{}/auth/login", server.base_url());
    let form = http_client().get(&url).send().await.unwrap();
    let cookie = crate::support::first_cookie(&form);
    let token = crate::support::csrf_token(&form.text().await.unwrap());
    let attempt = async |address: &str, password: &str| {
        let fields = [("csrf_token", token.as_str()), ("email", &demo.email), ("password", password)];
        let request = http_client().post(&url).header("cookie", &cookie).header("x-forwarded-for", address);
        request.form(&fields).send().await.unwrap()
    };
    for _ in 0..2 {
        assert_eq!(attempt("198.51.100.1", "wrong").await.status(), 200);
    }
    // Even the right password is refused, because it may have been guessed.
    let refused = attempt("198.51.100.1", &demo.password).await;
    assert_eq!(refused.status(), 429);
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    let answer: Value = refused.json().await.unwrap();
    assert_eq!((&answer["code"], &answer["retry_after"]), (&"rate_limited".into(), &seconds.into()));
    assert_eq!(attempt("198.51.100.2", &demo.password).await.status(), 302);
    server.shutdown().await;
}
