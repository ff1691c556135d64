//! An account whose password is guessed from many addresses.

use automoderate_server::{Limits, RunningServer};
use reqwest::Response;

use crate::support::{csrf_token, demo_server_builder, first_cookie, http_client};

/// Tries to sign in from an address, with the cookies that the browser already has.
async fn sign_in_from(server: &RunningServer, address: &str, cookies: &str, email: &str, password: &str) -> Response {
    let url = format!("{}/auth/login", server.base_url());
    let form = http_client().get(&url).send().await.unwrap();
    let cookie = format!("{}; {cookies}", first_cookie(&form));
    let token = csrf_token(&form.text().await.unwrap());
    let fields = [("csrf_token", token.as_str()), ("email", email), ("password", password)];
    let request = http_client().post(&url).header("cookie", cookie).header("x-forwarded-for", address).form(&fields);
    request.send().await.unwrap()
}

/// Returns the cookie that marks a browser as known to the account.
fn known_browser_cookie(answer: &Response) -> String {
    let cookies = answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let cookie = cookies.into_iter().find(|cookie| cookie.starts_with("known_browser=")).unwrap();
    for attribute in ["HttpOnly", "Path=/auth", "SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    cookie.split_once(';').unwrap().0.to_owned()
}

#[tokio::test]
async fn guesses_are_limited_without_locking_out_the_owner() {
    let limits = Limits { failed_logins_per_account: 3, ..Limits::none() };
    let server = demo_server_builder().limits(limits).trusted_proxies(["127.0.0.1"]).unwrap().start().await.unwrap();
    let demo = server.demo().unwrap().clone();
    let (email, password) = (demo.email.as_str(), demo.password.as_str());
    let first = sign_in_from(&server, "192.0.2.1", "", email, password).await;
    assert_eq!(first.status(), 302);
    let known = known_browser_cookie(&first);

    for n in 0..3 {
        let guess = sign_in_from(&server, &format!("198.51.100.{n}"), "", email, "wrong").await;
        assert_eq!(guess.status(), 200);
    }
    // After these guesses, the correct password is refused too, even with different capitalization of the e-mail address or with a forged
    // cookie.
    for (email, cookies) in [(email, ""), (&*email.to_uppercase(), ""), (email, "known_browser=x.0.y")] {
        let refused = sign_in_from(&server, "198.51.100.9", cookies, email, password).await;
        assert_eq!(refused.status(), 429, "{email} {cookies}");
        assert!(refused.headers().contains_key("retry-after"));
    }
    // The cookie of one account does not help with another account.
    server.create_user("other@example.org", "password of another").await.unwrap();
    let other = sign_in_from(&server, "198.51.100.9", "", "other@example.org", "password of another").await;
    let refused = sign_in_from(&server, "198.51.100.9", &known_browser_cookie(&other), email, password).await;
    assert_eq!(refused.status(), 429);

    // The owner's known browser has its own limit, even at a new address.
    assert_eq!(sign_in_from(&server, "203.0.113.7", &known, email, password).await.status(), 302);
    for _ in 0..3 {
        assert_eq!(sign_in_from(&server, "203.0.113.7", &known, email, "wrong").await.status(), 200);
    }
    assert_eq!(sign_in_from(&server, "203.0.113.8", &known, email, password).await.status(), 429);
    server.shutdown().await;
}

#[tokio::test]
async fn unknown_accounts_are_limited_like_existing_ones() {
    let limits = Limits { failed_logins_per_account: 1, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let attempt = async || sign_in_from(&server, "192.0.2.1", "", "nobody@example.org", "wrong").await.status();
    assert_eq!((attempt().await.as_u16(), attempt().await.as_u16()), (200, 429));
    server.shutdown().await;
}
