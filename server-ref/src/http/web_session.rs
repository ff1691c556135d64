//! The session layer for web sessions, and the adapter that connects it to the store.

use async_trait::async_trait;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error as StoreError, Result};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

use super::error::ApiError;
use crate::Error;
use crate::app::App;
use crate::auth::{SESSION_ADDRESS_FIELD, SESSION_COOKIE, SESSION_USER_FIELD};
use crate::ids::session_id_hash;
use crate::store::{SessionDraft, Store};
use crate::time::Micros;

/// Time after which a session expires, counted from its last change.
const SESSION_LIFETIME: Duration = Duration::days(7);

pub(super) fn session_layer(app: &App) -> SessionManagerLayer<SessionStoreAdapter> {
    SessionManagerLayer::new(SessionStoreAdapter(app.store.clone()))
        .with_name(SESSION_COOKIE)
        .with_path("/")
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(app.settings.secure_cookies)
        .with_expiry(Expiry::OnInactivity(SESSION_LIFETIME))
}

/// An adapter that lets the session layer use the store.
#[derive(Debug, Clone)]
pub(super) struct SessionStoreAdapter(Store);

#[async_trait]
impl SessionStore for SessionStoreAdapter {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let address =
            record.data.remove(SESSION_ADDRESS_FIELD).and_then(|address| serde_json::from_value(address).ok());
        let data = encode_data(record)?;
        loop {
            let id_hash = session_id_hash(&record.id);
            if self.0.create_session(session_draft(record, &id_hash, &data), address).await.map_err(backend_error)? {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let (id_hash, data) = (session_id_hash(&record.id), encode_data(record)?);
        self.0.update_session(session_draft(record, &id_hash, &data)).await.map_err(backend_error)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some(stored) = self.0.session(&session_id_hash(id)).await.map_err(backend_error)? else {
            return Ok(None);
        };
        let data = serde_json::from_str(&stored.data).map_err(|error| StoreError::Decode(error.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(stored.expires_at) * 1000)
            .map_err(|error| StoreError::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.end_session(&session_id_hash(id)).await.map_err(backend_error)
    }
}

/// Serializes the data of a session, without its id.
fn encode_data(record: &Record) -> Result<String> {
    serde_json::to_string(&record.data).map_err(|error| StoreError::Encode(error.to_string()))
}

fn session_draft<'a>(record: &'a Record, id_hash: &'a str, data: &'a str) -> SessionDraft<'a> {
    let user_id = record.data.get(SESSION_USER_FIELD).and_then(|value| value.as_str());
    SessionDraft { id_hash, data, user_id, expires_at: to_micros(record.expiry_date) }
}

fn to_micros(time: OffsetDateTime) -> Micros {
    Micros::try_from(time.unix_timestamp_nanos() / 1000).unwrap_or(Micros::MAX)
}

fn backend_error(error: Error) -> StoreError {
    StoreError::Backend(error.to_string())
}

/// Returns the error response for a session that could not be read or written.
pub(super) fn session_error(error: &tower_sessions::session::Error) -> ApiError {
    match error {
        tower_sessions::session::Error::Store(StoreError::Backend(_)) => ApiError::database_unavailable(),
        error => Error::Internal(error.to_string()).into(),
    }
}

/// Replaces the empty 500 response that the session layer returns if it could not save a session. The cause is a failure of the
/// database, so a retry may succeed.
pub(super) async fn report_unsaved_session(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    match response.status() {
        StatusCode::INTERNAL_SERVER_ERROR if !response.headers().contains_key(CONTENT_TYPE) => {
            ApiError::database_unavailable().into_response()
        }
        _ => response,
    }
}
