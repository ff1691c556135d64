//! The sign-in, sign-out and setup pages, which look like the dashboard and need no scripts.

use axum::response::{Html, IntoResponse as _, Response};
use http::header::CACHE_CONTROL;

/// Returns the login form. `problem` is the reason why the previous attempt failed.
pub(super) fn login_form(csrf_token: &str, problem: Option<&str>) -> Response {
    let (problem, token) = (alert_html(problem), escape_html(csrf_token));
    html_page(
        "Sign in",
        &format!(
            r#"{problem}<form method="post" action="/auth/login">
<input type="hidden" name="csrf_token" value="{token}">
<div class="field"><label for="email">Email</label>
<input type="email" id="email" name="email" autocomplete="username" required autofocus></div>
<div class="field"><label for="password">Password</label>
<input type="password" id="password" name="password" autocomplete="current-password" required></div>
<button type="submit" class="primary">Sign in</button>
</form>"#
        ),
    )
}

/// Returns the form that signs the user out.
pub(super) fn logout_form(csrf_token: &str) -> Response {
    let token = escape_html(csrf_token);
    html_page(
        "Sign out",
        &format!(
            r#"<form method="post" action="/auth/logout">
<input type="hidden" name="csrf_token" value="{token}">
<button type="submit" class="primary">Sign out</button>
</form>
<p><a href="/dashboard/">Stay signed in</a></p>"#
        ),
    )
}

/// Returns the form that creates the first administrator. `email` is the address from the previous attempt.
pub(super) fn first_admin_form(token: &str, email: &str, problem: Option<&str>) -> Response {
    let (problem, token, email) = (alert_html(problem), escape_html(token), escape_html(email));
    html_page(
        "Create the first administrator",
        &format!(
            r#"{problem}<form method="post" action="/auth/setup">
<input type="hidden" name="token" value="{token}">
<div class="field"><label for="email">Email</label>
<input type="email" id="email" name="email" value="{email}" maxlength="254" autocomplete="username" required autofocus></div>
<div class="field"><label for="password">Password (at least 10 characters)</label>
<input type="password" id="password" name="password" minlength="10" maxlength="1000" autocomplete="new-password" required></div>
<button type="submit" class="primary">Create</button>
</form>"#
        ),
    )
}

/// Returns the page for a setup link that is not valid.
pub(super) fn invalid_setup_link() -> Response {
    html_page(
        "This link is not valid",
        r#"<p>The link is valid until the first user exists. Sign in, or restart the server to get a new link.</p>
<p><a href="/auth/login">Sign in</a></p>"#,
    )
}

fn alert_html(problem: Option<&str>) -> String {
    problem.map_or_else(String::new, |text| format!("<p class=\"problem\" role=\"alert\">{}</p>", escape_html(text)))
}

/// Returns a page with this title and body. `body` must be safe HTML.
fn html_page(title: &str, body: &str) -> Response {
    let title = escape_html(title);
    let html = format!(
        r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title} – AutoModerate</title>
<link rel="icon" href="/dashboard/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/dashboard/app.css"></head>
<body><main class="alone card"><p class="brand"><img src="/dashboard/icon.svg" alt="" width="28" height="28"> AutoModerate</p>
<h1>{title}</h1>
{body}</main></body></html>
"#
    );
    ([(CACHE_CONTROL, "no-store")], Html(html)).into_response()
}

/// Escapes text for HTML and for quoted attribute values.
fn escape_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(escape_html("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    }
}
