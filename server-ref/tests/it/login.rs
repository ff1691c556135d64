//! The web login: session cookie, CSRF token, rotation, logout.

use http::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::Response;

use crate::support::{Socket, csrf_token, http, project, server, session_cookie, sign_in};

async fn post(url: &str, cookie: &str, fields: &[(&str, &str)]) -> Response {
    let request = http().post(url).form(fields);
    let request = if cookie.is_empty() { request } else { request.header(COOKIE, cookie) };
    request.send().await.unwrap()
}

#[tokio::test]
async fn right_wrong_and_forged() {
    let server = server().start().await.unwrap();
    let demo = server.demo().unwrap().clone();
    let url = format!("{}/auth/login", server.base_url());

    let form = http().get(&url).send().await.unwrap();
    let attributes = form.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "Path=/", "SameSite=Lax"] {
        assert!(attributes.contains(attribute), "{attributes}");
    }
    assert!(!attributes.contains("Secure"));
    let cookie = session_cookie(&form);
    let token = csrf_token(&form.text().await.unwrap());
    let (email, password) = (demo.email.as_str(), demo.password.as_str());

    let right = [("csrf_token", token.as_str()), ("email", email), ("password", password)];
    let mut forged = right;
    forged[0].1 = "forged";
    for (cookie, fields) in
        [(cookie.as_str(), &forged[..]), (&cookie, &right[1..]), ("", &right), ("session=nonsense", &right)]
    {
        assert_eq!(post(&url, cookie, fields).await.status(), 400);
    }

    let mut wrong = right;
    wrong[2].1 = "wrong";
    let mut unknown = right;
    unknown[1].1 = "nobody@example.org";
    for fields in [wrong, unknown] {
        let response = post(&url, &cookie, &fields).await;
        assert_eq!(response.status(), 200);
        let page = response.text().await.unwrap();
        assert!(page.contains("Invalid email or password"));
        assert_eq!(csrf_token(&page), token);
    }

    let response = post(&url, &cookie, &right).await;
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()[LOCATION], "/dashboard/");
    let signed_in = session_cookie(&response);
    assert_ne!(signed_in, cookie);
    // The old cookie is worth nothing, the token has changed.
    assert_eq!(post(&url, &cookie, &right).await.status(), 400);
    assert_eq!(post(&url, &signed_in, &right).await.status(), 400);
    server.shutdown().await;
}

#[tokio::test]
async fn the_dashboard_and_the_way_out() {
    let server = server().start().await.unwrap();
    let evil = server.create_project("<script>alert(1)</script>").await.unwrap();
    server.add_member(&evil, &server.demo().unwrap().email).await.unwrap();
    let dashboard = format!("{}/dashboard/", server.base_url());
    let response = http().get(&dashboard).send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()[LOCATION]), (302, &"/auth/login".parse().unwrap()));

    let cookie = sign_in(&server).await;
    let page = http().get(&dashboard).header(COOKIE, &cookie).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(page.contains(&project(&server)));
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));

    let logout = format!("{}/auth/logout", server.base_url());
    let response = http().post(logout).header(COOKIE, &cookie).send().await.unwrap();
    assert_eq!(response.status(), 302);
    let response = http().get(&dashboard).header(COOKIE, &cookie).send().await.unwrap();
    assert_eq!(response.status(), 302);
    server.shutdown().await;
}

#[tokio::test]
async fn a_session_opens_a_socket_and_reads() {
    let server = server().start().await.unwrap();
    let id = project(&server);
    let cookie = sign_in(&server).await;
    let mut request = Socket::request(&server.base_url(), "");
    request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.accepted().await;
    socket.join(&id).await;

    let other = server.create_project("Not a member").await.unwrap();
    for (query, status) in
        [(format!("?project_id={id}"), 200), (format!("?project_id={other}"), 403), (String::new(), 400)]
    {
        let url = format!("{}/api/stats{query}", server.base_url());
        let response = http().get(url).header(COOKIE, &cookie).send().await.unwrap();
        assert_eq!(response.status(), status);
    }
    // Not for writing without the session's token: a form on another site could do that.
    let url = format!("{}/api/moderate?project_id={id}", server.base_url());
    let response = http().post(url).header(COOKIE, &cookie).body("{}").send().await.unwrap();
    assert_eq!(response.status(), 403);

    // A session that nobody signed in with opens nothing.
    let form = http().get(format!("{}/auth/login", server.base_url())).send().await.unwrap();
    let mut request = Socket::request(&server.base_url(), "");
    request.headers_mut().insert(COOKIE, session_cookie(&form).parse().unwrap());
    let mut socket = Socket::open(request, "").await.unwrap();
    assert!(socket.refused().await.starts_with("Authentication failed"));
    server.shutdown().await;
}

#[tokio::test]
async fn signing_out_ends_the_sessions_sockets() {
    let server = server().start().await.unwrap();
    let mut others = Socket::connect(&server).await;
    let cookie = sign_in(&server).await;
    let mut request = Socket::request(&server.base_url(), "");
    request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.accepted().await;

    let logout = format!("{}/auth/logout", server.base_url());
    http().get(logout).header(COOKIE, &cookie).send().await.unwrap();
    let failure = socket.event("authentication_failed").await;
    assert_eq!(failure["code"], "authentication_failed");
    assert!(failure["message"].is_string());
    assert_eq!(socket.packet().await.as_deref(), Some("41"));
    others.join(&project(&server)).await;
    server.shutdown().await;
}

#[tokio::test]
async fn over_tls_the_cookie_is_secure() {
    let server = server().secure_cookies(true).start().await.unwrap();
    let form = http().get(format!("{}/auth/login", server.base_url())).send().await.unwrap();
    assert!(form.headers()[SET_COOKIE].to_str().unwrap().contains("Secure"));
    server.shutdown().await;
}
