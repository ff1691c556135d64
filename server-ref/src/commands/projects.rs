//! The command `project`.

use std::fmt::Write as _;

use clap::Subcommand;
use serde_json::json;

use super::users::find;
use super::{Answer, Common};
use crate::Error;
use crate::store::Actor;

const NAME_MAX: usize = 200;

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
        common: Common,
    },
    /// List all projects, oldest first.
    List {
        /// Common options.
        #[command(flatten)]
        common: Common,
    },
}

impl ProjectCommand {
    pub(super) async fn run(self) -> Result<Answer, Error> {
        match self {
            Self::Create { name, owner, common } => create(&common, &name, &owner).await,
            Self::List { common } => list(&common).await,
        }
    }
}

async fn create(common: &Common, name: &str, owner: &str) -> Result<Answer, Error> {
    let name = name.trim();
    if !(1..=NAME_MAX).contains(&name.chars().count()) {
        return Err(Error::Refused(format!("--name must have from 1 to {NAME_MAX} characters")));
    }
    let store = common.open().await?;
    let owner = find(&store, owner).await?;
    let id = store.create_project(name, Some(&owner.id), &Actor::command_line()).await?;
    let project = store.project(&id).await?.ok_or(Error::NotFound("Project"))?;
    store.close().await;
    let text = format!("created the project {name:?} ({id}), owned by {}", owner.email);
    Ok(Answer::new(common.json, &json!({"project": project, "owner": owner}), text))
}

async fn list(common: &Common) -> Result<Answer, Error> {
    let store = common.open().await?;
    let projects = store.projects().await?;
    store.close().await;
    let mut text = String::new();
    for project in &projects {
        let _ = writeln!(text, "{}  {}", project.id, project.name);
    }
    Ok(Answer::new(common.json, &json!({"projects": projects}), text))
}
