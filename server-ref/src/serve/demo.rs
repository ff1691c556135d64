//! The data of `--demo`: a user, a project with sample rules, and an API key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::Error;
use crate::app::App;
use crate::auth::key_verifiers;
use crate::ids::add_api_key_prefix;
use crate::moderation::{Action, NewRule, RuleKind};
use crate::store::{Actor, KeyDraft, Role};

const DEMO_EMAIL: &str = "demo@automoderate.example";
/// Key in the table `meta` for the id of the demonstration project.
const DEMO_PROJECT_META_KEY: &str = "demo_project";
/// Key in the table `meta` for the id of the project for which an API key was created, so that a revoked key is not created again.
const PROJECT_WITH_API_KEY_META_KEY: &str = "demo_key_of";
/// Key in the table `meta` for the secret from which the password and the API key are derived. A restarted server can therefore show them
/// again, although neither is stored. Anyone who can read the database can also derive them, so a demonstration must not contain secrets.
const DEMO_SECRET_META_KEY: &str = "demo_secret";
/// Key in the table `meta` under which earlier versions stored the password in clear text.
const CLEARTEXT_PASSWORD_META_KEY: &str = "demo_password";

/// The credentials of a demonstration server.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DemoCredentials {
    /// Id of the project.
    pub project_id: String,
    /// API key of the project, with the scopes `read` and `submit`. The key stays the same across restarts. A revoked key is not
    /// created again.
    pub api_key: String,
    /// E-mail address of the user who owns the project and is an administrator of the server.
    pub email: String,
    /// Password with which the user was created. If the user has since changed the password, it is not reset.
    pub password: String,
}

/// Omits the secrets from debug output.
impl fmt::Debug for DemoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoCredentials")
            .field("project_id", &self.project_id)
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// Creates the missing parts of the demonstration and leaves existing parts unchanged.
pub(super) async fn create_missing_parts(app: &App) -> Result<DemoCredentials, Error> {
    let (store, by) = (&app.store, &Actor::system());
    let secret = store.get_or_create_shared_secret(DEMO_SECRET_META_KEY).await?;
    let password = derive_credential(&secret, "password")?;
    let known = store.user_credentials(DEMO_EMAIL).await?;
    let is_new = known.is_none();
    let user_id = match known {
        Some(user) => user.id,
        None => store.create_user(DEMO_EMAIL, &app.auth.hash_password(&password).await?, true, by).await?.id,
    };
    let project_id = match existing_project(app).await? {
        Some(id) => id,
        None => create_project(app, &user_id, by).await?,
    };
    if is_new {
        store.add_member(&project_id, &user_id, Role::Owner, by).await?;
    }
    let api_key = add_api_key_prefix(&derive_credential(&secret, &format!("key {project_id}"))?);
    if store.meta_value(PROJECT_WITH_API_KEY_META_KEY).await?.as_deref() != Some(&project_id) {
        let draft = KeyDraft { name: "demo".into(), ..KeyDraft::default() };
        store.create_key(&project_id, draft, key_verifiers(&api_key)?, by).await?;
        store.set_meta_value(PROJECT_WITH_API_KEY_META_KEY, &project_id).await?;
    }
    Ok(DemoCredentials { project_id, api_key, email: DEMO_EMAIL.into(), password })
}

async fn existing_project(app: &App) -> Result<Option<String>, Error> {
    match app.store.meta_value(DEMO_PROJECT_META_KEY).await? {
        Some(id) if app.store.project_exists(&id).await? => Ok(Some(id)),
        _ => Ok(None),
    }
}

async fn create_project(app: &App, owner: &str, by: &Actor) -> Result<String, Error> {
    let id = app.store.create_project("Demo", Some(owner), by).await?;
    for rule in sample_rules() {
        app.add_rule(&id, rule, by).await?;
    }
    app.store.set_meta_value(DEMO_PROJECT_META_KEY, &id).await?;
    Ok(id)
}

/// If an earlier version stored the password in clear text, erases the stored text and, if the password is still in use, replaces it with
/// the derived one.
pub(super) async fn replace_cleartext_password(app: &App) -> Result<(), Error> {
    let Some(password) = app.store.meta_value(CLEARTEXT_PASSWORD_META_KEY).await? else { return Ok(()) };
    if let Some(user) = app.auth.authenticate_password(DEMO_EMAIL, password).await? {
        let derived =
            derive_credential(&app.store.get_or_create_shared_secret(DEMO_SECRET_META_KEY).await?, "password")?;
        app.set_password(&user.id, &derived, None, &Actor::system()).await?;
    }
    app.store.erase_meta_value(CLEARTEXT_PASSWORD_META_KEY).await
}

/// Returns a credential that is derived from the secret: 256 bits as 43 characters.
fn derive_credential(secret: &str, purpose: &str) -> Result<String, Error> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = mac.map_err(|error| Error::Internal(error.to_string()))?;
    mac.update(purpose.as_bytes());
    Ok(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn sample_rules() -> [NewRule; 3] {
    [
        NewRule {
            name: "Spam Detection".into(),
            kind: RuleKind::Keyword {
                keywords: ["buy now", "free money", "click here", "spam"].map(String::from).into(),
                case_sensitive: false,
            },
            action: Action::Reject,
            priority: 10,
        },
        NewRule {
            name: "Phone Numbers".into(),
            kind: RuleKind::Regex { pattern: r"\b\d{3}[-. ]\d{3}[-. ]\d{4}\b".into(), flags: Vec::new() },
            action: Action::Flag,
            priority: 5,
        },
        NewRule {
            name: "Rude Words".into(),
            kind: RuleKind::Regex { pattern: r"\b(idiot|stupid|moron)s?\b".into(), flags: vec!["i".into()] },
            action: Action::Flag,
            priority: 1,
        },
    ]
}
