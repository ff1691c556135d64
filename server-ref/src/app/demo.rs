//! `--demo`: something to try at once.

use std::fmt;
use std::sync::Arc;

use super::App;
use crate::Error;
use crate::ids::random_token;
use crate::moderation::{Action, NewRule, RuleKind};
use crate::store::{Actor, KeyDraft, Role};

const EMAIL: &str = "demo@automoderate.example";
const PROJECT: &str = "demo_project";
/// Kept as it is, unlike any other password: it is made by the server for a database of samples, and must be shown again after a
/// restart, or a client that signed in with it could not come back.
const PASSWORD: &str = "demo_password";

/// What a demonstration server made, and can be used with.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Demo {
    /// The project.
    pub project_id: String,
    /// An API key of the project, which reads and submits; a new one at every start, since only hashes are stored. Older ones stay
    /// valid.
    pub api_key: String,
    /// The e-mail address of a member of the project.
    pub email: String,
    /// The member's password.
    pub password: String,
}

/// Without the secrets.
impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo").field("project_id", &self.project_id).field("email", &self.email).finish_non_exhaustive()
    }
}

/// Makes what is missing.
pub(super) async fn prepare(app: &App) -> Result<Demo, Error> {
    let (store, by) = (&app.store, &Actor::system());
    let password = match store.meta(PASSWORD).await? {
        Some(password) => password,
        None => {
            let password = random_token();
            store.set_meta(PASSWORD, &password).await?;
            password
        }
    };
    let user_id = match store.account(EMAIL).await? {
        Some(user) => user.id,
        None => store.create_user(EMAIL, &app.auth.hash_password(&password).await?, true, by).await?.id,
    };
    // Also in a database that was made when there were no administrators.
    store.update_user(&user_id, Some(true), Some(true), by).await?;
    let project_id: Arc<str> = match store.meta(PROJECT).await? {
        Some(id) => id.into(),
        None => {
            let id: Arc<str> = store.create_project("Demo", Some(&user_id), by).await?.into();
            for rule in sample_rules() {
                app.add_rule(&id, rule, by).await?;
            }
            store.set_meta(PROJECT, &id).await?;
            id
        }
    };
    store.add_member(&project_id, &user_id, Role::Owner, by).await?;
    Ok(Demo {
        api_key: app.create_key(&project_id, KeyDraft { name: "demo".into(), ..KeyDraft::default() }, by).await?.1,
        project_id: project_id.to_string(),
        email: EMAIL.into(),
        password,
    })
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
