//! The command `project`.

use std::fmt::Write as _;

use clap::Subcommand;
use serde_json::json;

use super::users::find_user;
use super::{CommandOutput, CommonOptions};
use crate::Error;
use crate::store::Actor;

const PROJECT_NAME_CHARS_MAX: usize = 200;

/// Subcommands of `project`.
#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Create a project.
    Create {
        /// Name of the project, at most 200 characters.
        #[arg(long)]
        name: String,
        /// E-mail address of the user who will own the project.
        #[arg(long, value_name = "EMAIL")]
        owner: String,
        /// Common options.
        #[command(flatten)]
        common: CommonOptions,
    },
    /// List all projects, oldest first.
    List {
        /// Common options.
        #[command(flatten)]
        common: CommonOptions,
    },
}

impl ProjectCommand {
    pub(super) async fn run(self) -> Result<CommandOutput, Error> {
        match self {
            Self::Create { name, owner, common } => create(&common, &name, &owner).await,
            Self::List { common } => list(&common).await,
        }
    }
}

async fn create(common: &CommonOptions, name: &str, owner: &str) -> Result<CommandOutput, Error> {
    let name = name.trim();
    if !(1..=PROJECT_NAME_CHARS_MAX).contains(&name.chars().count()) {
        return Err(Error::Refused(format!("--name must have from 1 to {PROJECT_NAME_CHARS_MAX} characters")));
    }
    let store = common.open().await?;
    let owner = find_user(&store, owner).await?;
    let id = store.create_project(name, Some(&owner.id), &Actor::command_line()).await?;
    let project = store.project(&id).await?.ok_or(Error::NotFound("Project"))?;
    store.close().await;
    let text = format!("created the project {name:?} ({id}), owned by {}", owner.email);
    Ok(CommandOutput::new(common.json, &json!({"project": project, "owner": owner}), text))
}

async fn list(common: &CommonOptions) -> Result<CommandOutput, Error> {
    let store = common.open().await?;
    let projects = store.projects().await?;
    store.close().await;
    let mut text = String::new();
    for project in &projects {
        let _ = writeln!(text, "{}  {}", project.id, project.name);
    }
    Ok(CommandOutput::new(common.json, &json!({"projects": projects}), text))
}
