//! The few HTML pages.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use tower_sessions::Session;

use super::error::ApiError;
use super::login::redirect;
use super::session::failed;
use crate::app::App;
use crate::auth::SESSION_USER;

/// The login form.
pub(super) fn login(csrf_token: &str, problem: Option<&str>) -> Response {
    let problem = problem.map_or_else(String::new, |text| format!("<p role=\"alert\">{}</p>", escape(text)));
    let token = escape(csrf_token);
    page(
        "Sign in",
        &format!(
            r#"{problem}<form method="post" action="/auth/login">
<input type="hidden" name="csrf_token" value="{token}">
<p><label>Email <input type="email" name="email" autocomplete="username" required></label></p>
<p><label>Password <input type="password" name="password" autocomplete="current-password" required></label></p>
<p><button type="submit">Sign in</button></p>
</form>"#
        ),
    )
}

/// The user's projects.
pub(super) async fn dashboard(State(app): State<Arc<App>>, session: Session) -> Result<Response, ApiError> {
    let user: Option<String> = session.get(SESSION_USER).await.map_err(|e| failed(&e))?;
    let Some(user) = user else {
        return Ok(redirect("/auth/login"));
    };
    let mut list = String::new();
    for project in app.store.projects_of(&user).await? {
        let _ = write!(list, "<li>{} <code>{}</code></li>", escape(&project.name), escape(&project.id));
    }
    let body = format!(
        r#"<ul>{list}</ul><form method="post" action="/auth/logout"><button type="submit">Sign out</button></form>"#
    );
    Ok(page("Projects", &body))
}

/// `body` is HTML already.
fn page(title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} – AutoModerate</title></head>\n\
         <body><h1>{title}</h1>\n{body}</body></html>\n"
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, "default-src 'self'; form-action 'self'; frame-ancestors 'none'"),
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, Html(html)).into_response()
}

/// Text as HTML text or a quoted attribute value.
fn escape(text: &str) -> String {
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
    fn nothing_gets_through_unescaped() {
        assert_eq!(escape("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    }
}
