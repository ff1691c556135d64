//! Routes `/api/openapi.json`, and `/api/docs`: a page that shows the OpenAPI description and loads nothing from other servers.

use axum::Router;
use axum::body::Bytes;
use axum::response::{Html, IntoResponse as _};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, ResponseBuilder};

use super::caller::CSRF_HEADER;
use super::error::ErrorAnswer;
use crate::auth::SESSION_COOKIE;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "AutoModerate",
        description = "API for moderating items and for managing projects, rules and users. A request carries an API key of a project in \
            `X-API-Key`, or the session cookie from `/auth/login`. A request that uses the cookie to change something must repeat the \
            session's CSRF token, from `GET /auth/csrf`, in `X-CSRF-Token`. A key may do what its scopes allow: `read`, `submit`, \
            `review`, `rules`. Members, keys, notifications and project settings require a signed-in user. Events are sent over `/socket.io/`."
    ),
    components(schemas(ErrorAnswer))
)]
struct ApiDescription;

/// Returns the parts of the description that all routes share.
pub(super) fn base_description() -> OpenApi {
    let mut description = ApiDescription::openapi();
    let components = description.components.get_or_insert_default();
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE)));
    components.add_security_scheme("session", cookie);
    components.add_security_scheme("csrf", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(CSRF_HEADER))));
    components.add_security_scheme("api_key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-api-key"))));
    description.security = Some(vec![
        SecurityRequirement::new::<_, [&str; 0], &str>("api_key", []),
        SecurityRequirement::new::<_, [&str; 0], &str>("session", []).add::<_, [&str; 0], &str>("csrf", []),
    ]);
    description
}

pub(super) fn routes<S: Clone + Send + Sync + 'static>(mut description: OpenApi) -> Router<S> {
    for path in description.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete];
        operations.into_iter().flatten().for_each(add_failure_response);
    }
    // The description is large, and anyone may request it, so it is serialised only once.
    let description = Bytes::from(serde_json::to_vec(&description).unwrap_or_default());
    let description = async move || ([(CONTENT_TYPE, "application/json")], description);
    let page = async || Html(include_str!("docs.html"));
    let style = async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("docs.css")).into_response();
    let script = async || ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("docs.js")).into_response();
    Router::new()
        .route("/api/openapi.json", get(description))
        .route("/api/docs", get(page))
        .route("/api/docs.css", get(style))
        .route("/api/docs.js", get(script))
}

/// Adds the response for failures, which has the same form in all operations.
fn add_failure_response(operation: &mut Operation) {
    let schema = Ref::from_schema_name("ErrorAnswer");
    let failure = ResponseBuilder::new()
        .description("Failure with status 400, 401, 403, 404, 408, 409, 413, 422, 429, 503 or 507")
        .content("application/json", Content::new(Some(schema)));
    operation.responses.responses.insert("default".into(), failure.build().into());
}
