//! Routes of the web dashboard, whose build in `server-ref/dashboard/dist` is embedded in the program.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use super::login::redirect;
use crate::app::App;

/// A file of the dashboard's build.
struct Asset {
    content_type: &'static str,
    body: &'static [u8],
    etag: LazyLock<String>,
}

macro_rules! asset {
    ($name:literal, $content_type:literal) => {{
        static ASSET: Asset = Asset {
            content_type: $content_type,
            body: include_bytes!(concat!("../../dashboard/dist/", $name)),
            etag: LazyLock::new(|| etag(include_bytes!(concat!("../../dashboard/dist/", $name)))),
        };
        &ASSET
    }};
}

pub(super) fn routes() -> Router<Arc<App>> {
    let file = |asset: &'static Asset| get(async |headers: HeaderMap| asset.response(&headers));
    Router::new()
        .route("/", get(serve_page))
        .route("/dashboard/", get(serve_page))
        .route("/dashboard", get(async || redirect("/dashboard/")))
        .route("/dashboard/app.js", file(asset!("app.js", "text/javascript; charset=utf-8")))
        .route("/dashboard/app.css", file(asset!("app.css", "text/css; charset=utf-8")))
        .route("/dashboard/icon.svg", file(asset!("icon.svg", "image/svg+xml")))
        .route("/dashboard/licenses.md", file(asset!("licenses.md", "text/markdown; charset=utf-8")))
}

/// Serves the dashboard page, which contains no secrets. Visitors who are not signed in are redirected to the login form. The page is
/// also served if the session could not be read; the page then reports the failure and retries.
async fn serve_page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match app.auth.session_from_cookie(&headers).await {
        Ok(None) => redirect("/auth/login"),
        Ok(Some(_)) | Err(_) => asset!("index.html", "text/html; charset=utf-8").response(&headers),
    }
}

impl Asset {
    /// Returns the file, or 304 if the browser's copy is current. Browsers keep a copy and revalidate it for each request.
    fn response(&self, request: &HeaderMap) -> Response {
        let etag = self.etag.as_str();
        let known = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        // A 304 also has a content type: the type selects the security policy, and browsers replace their stored policy with the new one.
        let headers = [(CACHE_CONTROL, "no-cache"), (ETAG, etag), (CONTENT_TYPE, self.content_type)];
        if known.flat_map(|list| list.split(',')).any(|one| one.trim().trim_start_matches("W/") == etag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, self.body).into_response()
    }
}

fn etag(body: &[u8]) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..12]))
}
