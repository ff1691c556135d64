//! The command `key`.

use std::fmt::Write as _;

use clap::Subcommand;
use serde_json::json;

use super::{CommandOutput, CommonOptions};
use crate::Error;
use crate::auth::generate_key;
use crate::ids::{api_key_hash, random_id};
use crate::store::{Actor, KeyDraft, Scope, Store};
use crate::time::rfc3339;

const KEY_NAME_CHARS_MAX: usize = 100;

/// Subcommands of `key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create an API key for a project and print it once.
    Create {
        /// Id of the project.
        #[arg(long, value_name = "ID")]
        project: String,
        /// Descriptive name of the key, at most 100 characters. Default: a generated name.
        #[arg(long)]
        name: Option<String>,
        /// Scopes of the key, separated by commas: `read`, `submit`, `review`, `rules`.
        #[arg(long, value_name = "SCOPES", value_delimiter = ',', default_value = "read,submit")]
        scopes: Vec<Scope>,
        /// Common options.
        #[command(flatten)]
        common: CommonOptions,
    },
    /// List the API keys of a project, oldest first, without their secrets.
    List {
        /// Id of the project.
        #[arg(long, value_name = "ID")]
        project: String,
        /// Common options.
        #[command(flatten)]
        common: CommonOptions,
    },
    /// Revoke an API key and disconnect its sockets.
    Revoke {
        /// Id of the key, or the key itself.
        #[arg(long, value_name = "ID", visible_alias = "id")]
        key: String,
        /// Common options.
        #[command(flatten)]
        common: CommonOptions,
    },
}

impl KeyCommand {
    pub(super) async fn run(self) -> Result<CommandOutput, Error> {
        match self {
            Self::Create { project, name, scopes, common } => create(&common, &project, name, &scopes).await,
            Self::List { project, common } => list(&common, &project).await,
            Self::Revoke { key, common } => revoke(&common, &key).await,
        }
    }
}

async fn create(
    common: &CommonOptions,
    project_id: &str,
    name: Option<String>,
    scopes: &[Scope],
) -> Result<CommandOutput, Error> {
    let name = name.unwrap_or_else(|| format!("command line {}", &random_id()[..8])).trim().to_owned();
    if !(1..=KEY_NAME_CHARS_MAX).contains(&name.chars().count()) {
        return Err(Error::Refused(format!("--name must have from 1 to {KEY_NAME_CHARS_MAX} characters")));
    }
    let store = open_for_project(common, project_id).await?;
    if store.keys(project_id).await?.iter().any(|key| key.name == name) {
        return Err(Error::Refused(format!("the project already has a key named {name:?}; choose another --name")));
    }
    let (api_key, secret) = generate_key()?;
    let draft = KeyDraft { name, scopes: scopes.iter().copied().collect(), ..KeyDraft::default() };
    let key = store.create_key(project_id, draft, secret, &Actor::command_line()).await?;
    store.close().await;
    let text = format!("created the key {:?} ({}): {}\nkey, shown only once: {api_key}", key.name, key.id, key.scopes);
    Ok(CommandOutput::new(common.json, &json!({"key": key, "api_key": api_key}), text))
}

async fn list(common: &CommonOptions, project_id: &str) -> Result<CommandOutput, Error> {
    let store = open_for_project(common, project_id).await?;
    let keys = store.keys(project_id).await?;
    store.close().await;
    let mut text = String::new();
    for key in &keys {
        let _ = writeln!(text, "{}  {}  {}  {}", key.id, rfc3339(key.created_at), key.scopes, key.name);
    }
    Ok(CommandOutput::new(common.json, &json!({"keys": keys}), text))
}

async fn revoke(common: &CommonOptions, key: &str) -> Result<CommandOutput, Error> {
    let store = common.open().await?;
    let found = store.key_by_id_or_hash(key, api_key_hash(key).as_ref()).await?;
    let unknown = || Error::Refused("there is no such key; `key list --project ID` lists the keys of a project".into());
    let (id, project_id, name) = found.ok_or_else(unknown)?;
    if !store.delete_key(&project_id, &id, &Actor::command_line()).await? {
        return Err(unknown());
    }
    store.close().await;
    let text = format!("revoked the key {name:?} ({id})");
    Ok(CommandOutput::new(common.json, &json!({"key": {"id": id, "name": name, "project_id": project_id}}), text))
}

/// Opens the store and checks that the project exists.
async fn open_for_project(common: &CommonOptions, project_id: &str) -> Result<Store, Error> {
    let store = common.open().await?;
    match store.project_exists(project_id).await? {
        true => Ok(store),
        false => Err(Error::Refused(format!(
            "there is no project {project_id}; `project list` lists all projects, `project create` creates one"
        ))),
    }
}
