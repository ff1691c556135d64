//! Storage of projects.

use serde_json::json;

use super::{Store, Tx, members, nul_tolerant_text, with_conn};
use crate::Error;
use crate::ids::random_id;
use crate::store::{Actor, AuditDraft, ProjectInfo, Role};
use crate::time::{Micros, now};

impl Store {
    /// Creates a project and returns its id. If `owner` is given, the user with this id becomes the owner of the project.
    pub(crate) async fn create_project(&self, name: &str, owner: Option<&str>, by: &Actor) -> Result<String, Error> {
        const INSERT_PROJECT: &str = "INSERT INTO projects (id, name, created_at) VALUES ($1, $2, $3)";
        nul_tolerant_text::reject_nul("name", name)?;
        let id = random_id();
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        with_conn!(&mut tx, db => { sqlx::query(INSERT_PROJECT).bind(&id).bind(name).bind(now()).execute(db).await?; });
        tx.record_audit(Some(&id), &AuditDraft::new(by, "project.create", &id).with_after(json!({"name": name})))
            .await?;
        if let Some(owner) = owner {
            members::insert(&mut tx, &id, owner, Role::Owner, by).await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    pub(crate) async fn project_exists(&self, id: &str) -> Result<bool, Error> {
        const PROJECT_EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM projects WHERE id = $1 AND deleted_at IS NULL)";
        Ok(
            with_conn!(&mut self.read_connection().await?, db => sqlx::query_scalar(PROJECT_EXISTS).bind(id).fetch_one(db).await?),
        )
    }

    pub(crate) async fn project(&self, id: &str) -> Result<Option<ProjectInfo>, Error> {
        const SELECT_PROJECT: &str = "SELECT name, created_at FROM projects WHERE id = $1 AND deleted_at IS NULL";
        let row: Option<(String, Micros)> = with_conn!(&mut self.read_connection().await?, db => sqlx::query_as(SELECT_PROJECT).bind(id).fetch_optional(db).await?);
        Ok(row.map(|(name, created_at)| ProjectInfo { id: id.to_owned(), name, role: None, created_at }))
    }

    /// Returns the projects of which the user is a member, oldest first.
    pub(crate) async fn projects_of(&self, user_id: &str) -> Result<Vec<ProjectInfo>, Error> {
        const SELECT_PROJECTS_OF_USER: &str =
            "SELECT id, name, role, created_at FROM projects JOIN members ON id = project_id
                             WHERE user_id = $1 AND deleted_at IS NULL ORDER BY created_at, id LIMIT 1000";
        let rows: Vec<(String, String, String, Micros)> = with_conn!(&mut self.read_connection().await?, db => sqlx::query_as(SELECT_PROJECTS_OF_USER).bind(user_id).fetch_all(db).await?);
        let project = |(id, name, role, created_at): (_, _, String, _)| {
            let role = Some(Role::parse(&role));
            ProjectInfo { id, name, role, created_at }
        };
        Ok(rows.into_iter().map(project).collect())
    }

    /// Returns all projects, oldest first.
    pub(crate) async fn projects(&self) -> Result<Vec<ProjectInfo>, Error> {
        const SELECT_PROJECTS: &str =
            "SELECT id, name, created_at FROM projects WHERE deleted_at IS NULL ORDER BY created_at, id";
        let rows: Vec<(String, String, Micros)> =
            with_conn!(&mut self.read_connection().await?, db => sqlx::query_as(SELECT_PROJECTS).fetch_all(db).await?);
        let project = |(id, name, created_at)| ProjectInfo { id, name, role: None, created_at };
        Ok(rows.into_iter().map(project).collect())
    }

    pub(crate) async fn project_ids(&self) -> Result<Vec<String>, Error> {
        const SELECT_IDS: &str = "SELECT id FROM projects WHERE deleted_at IS NULL";
        Ok(with_conn!(&mut self.read_connection().await?, db => sqlx::query_scalar(SELECT_IDS).fetch_all(db).await?))
    }

    pub(crate) async fn rename_project(&self, id: &str, name: &str, by: &Actor) -> Result<(), Error> {
        const UPDATE_NAME: &str = "UPDATE projects SET name = $1 WHERE id = $2";
        nul_tolerant_text::reject_nul("name", name)?;
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        tx.lock_project(id).await?;
        let before = project_name(&mut tx, id).await?.ok_or(Error::NotFound("Project"))?;
        with_conn!(&mut tx, db => { sqlx::query(UPDATE_NAME).bind(name).bind(id).execute(db).await?; });
        let draft = AuditDraft::new(by, "project.update", id);
        tx.record_audit(Some(id), &draft.with_before(json!({"name": before})).with_after(json!({"name": name})))
            .await?;
        Ok(tx.commit().await?)
    }
}

pub(super) async fn project_name(tx: &mut Tx<'_>, id: &str) -> Result<Option<String>, Error> {
    const SELECT_NAME: &str = "SELECT name FROM projects WHERE id = $1 AND deleted_at IS NULL";
    Ok(with_conn!(tx, db => sqlx::query_scalar(SELECT_NAME).bind(id).fetch_optional(db).await?))
}
