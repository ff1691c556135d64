//! The web sign-in: the session cookie and its rotation, the CSRF token, and sign-out.

use automoderate_server::Limits;
use http::header::{ACCEPT, COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE};
use reqwest::Response;
use sqlx::Connection as _;

use crate::support::{Socket, csrf_token, demo_project_id, demo_server_builder, first_cookie, http_client, sign_in};
use crate::web::Browser;

async fn post_form(url: &str, cookie: &str, fields: &[(&str, &str)]) -> Response {
    let request = http_client().post(url).form(fields);
    let request = if cookie.is_empty() { request } else { request.header(COOKIE, cookie) };
    request.send().await.unwrap()
}

#[tokio::test]
async fn sign_in_checks_the_csrf_token_and_the_password() {
    let server = demo_server_builder().start().await.unwrap();
    let demo = server.demo().unwrap().clone();
    let url = format!("{}/auth/login", server.base_url());

    let form = http_client().get(&url).send().await.unwrap();
    let attributes = form.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "Path=/", "SameSite=Lax"] {
        assert!(attributes.contains(attribute), "{attributes}");
    }
    assert!(!attributes.contains("Secure"));
    let cookie = first_cookie(&form);
    let token = csrf_token(&form.text().await.unwrap());
    let (email, password) = (demo.email.as_str(), demo.password.as_str());

    let right = [("csrf_token", token.as_str()), ("email", email), ("password", password)];
    let mut forged = right;
    forged[0].1 = "forged";
    for (cookie, fields) in
        [(cookie.as_str(), &forged[..]), (&cookie, &right[1..]), ("", &right), ("session=nonsense", &right)]
    {
        assert_eq!(post_form(&url, cookie, fields).await.status(), 400);
    }

    let mut wrong = right;
    wrong[2].1 = "wrong";
    let mut unknown = right;
    unknown[1].1 = "nobody@example.org";
    for fields in [wrong, unknown] {
        let response = post_form(&url, &cookie, &fields).await;
        assert_eq!(response.status(), 200);
        let page = response.text().await.unwrap();
        assert!(page.contains("Invalid email or password"));
        assert_eq!(csrf_token(&page), token);
    }

    let response = post_form(&url, &cookie, &right).await;
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()[LOCATION], "/dashboard/");
    let signed_in = first_cookie(&response);
    assert!(signed_in.starts_with("session="), "{signed_in}");
    // The CSRF token belongs to the form's cookie, not to the new session.
    assert_eq!(post_form(&url, &signed_in, &right).await.status(), 400);
    server.shutdown().await;
}

#[tokio::test]
async fn a_failed_sign_in_shows_the_form_again() {
    let limits = Limits { failed_logins_per_minute: 1, ..Limits::default() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let url = format!("{}/auth/login", server.base_url());
    let send = async |cookie: &str, token: &str| {
        let fields = [("csrf_token", token), ("email", "nobody@example.org"), ("password", "wrong")];
        let request =
            http_client().post(&url).header(ACCEPT, "text/html,*/*;q=0.8").header(COOKIE, cookie).form(&fields);
        request.send().await.unwrap()
    };
    // The form is sent without its session cookie, as if the session had expired.
    let expired = send("", "old").await;
    assert_eq!(expired.status(), 400);
    let cookie = first_cookie(&expired);
    let page = expired.text().await.unwrap();
    assert!(page.contains("open for too long"), "{page}");
    let token = csrf_token(&page);

    assert_eq!(send(&cookie, &token).await.status(), 200);
    let throttled = send(&cookie, &token).await;
    assert_eq!(throttled.status(), 429);
    assert!(throttled.headers().contains_key(RETRY_AFTER));
    let page = throttled.text().await.unwrap();
    assert!(page.contains("Too many attempts") && csrf_token(&page) == token, "{page}");
    server.shutdown().await;
}

#[tokio::test]
async fn a_session_may_open_a_socket_and_read() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let cookie = sign_in(&server).await;
    let mut request = Socket::request(&server.base_url(), "");
    request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.expect_accepted().await;
    socket.join(&id).await;

    let other = server.create_project("Not a member").await.unwrap();
    for (query, status) in
        [(format!("?project_id={id}"), 200), (format!("?project_id={other}"), 403), (String::new(), 200)]
    {
        let url = format!("{}/api/stats{query}", server.base_url());
        let response = http_client().get(url).header(COOKIE, &cookie).send().await.unwrap();
        assert_eq!(response.status(), status);
    }
    // Without the session's CSRF token, writes are refused, because a form on another site could send them.
    let url = format!("{}/api/moderate?project_id={id}", server.base_url());
    let response = http_client().post(url).header(COOKIE, &cookie).body("{}").send().await.unwrap();
    assert_eq!(response.status(), 403);

    // A session without a signed-in user is refused.
    let form = http_client().get(format!("{}/auth/login", server.base_url())).send().await.unwrap();
    let mut request = Socket::request(&server.base_url(), "");
    request.headers_mut().insert(COOKIE, first_cookie(&form).parse().unwrap());
    let mut socket = Socket::open(request, "").await.unwrap();
    assert!(socket.expect_refusal().await.starts_with("Authentication failed"));
    server.shutdown().await;
}

#[tokio::test]
async fn signing_out_closes_the_sessions_sockets() {
    let server = demo_server_builder().start().await.unwrap();
    let mut others = Socket::connect(&server).await;
    let cookie = sign_in(&server).await;
    let mut request = Socket::request(&server.base_url(), "");
    request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.expect_accepted().await;

    Browser::with_cookie(&server.base_url(), cookie).await.sign_out().await;
    let failure = socket.next_event("authentication_failed").await;
    assert_eq!(failure["code"], "authentication_failed");
    assert!(failure["message"].is_string());
    assert_eq!(socket.next_packet().await.as_deref(), Some("41"));
    others.join(&demo_project_id(&server)).await;
    server.shutdown().await;
}

#[tokio::test]
async fn only_the_hash_of_a_signed_in_session_is_stored() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("server.db");
    let url = format!("sqlite://{}", database.display());
    let server = demo_server_builder().database(&url).start().await.unwrap();
    let login = format!("{}/auth/login", server.base_url());
    for _ in 0..3 {
        assert_eq!(http_client().get(&login).send().await.unwrap().status(), 200);
    }
    let stored = || async {
        let mut connection = sqlx::SqliteConnection::connect(&format!("{url}?mode=ro")).await.unwrap();
        let rows: Vec<String> =
            sqlx::query_scalar("SELECT id || data FROM sessions").fetch_all(&mut connection).await.unwrap();
        rows
    };
    assert!(stored().await.is_empty());
    let cookie = sign_in(&server).await;
    let stored = stored().await;
    assert_eq!(stored.len(), 1);
    assert!(!stored[0].contains(cookie.strip_prefix("session=").unwrap()));
    server.shutdown().await;
}

#[tokio::test]
async fn the_cookie_is_secure_over_tls() {
    let server = demo_server_builder().secure_cookies(true).start().await.unwrap();
    let form = http_client().get(format!("{}/auth/login", server.base_url())).send().await.unwrap();
    assert!(form.headers()[SET_COOKIE].to_str().unwrap().contains("Secure"));
    server.shutdown().await;
}
