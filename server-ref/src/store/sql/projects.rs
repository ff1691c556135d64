//! Projects.

use serde_json::json;

use super::{Store, Tx, members, text, with_conn};
use crate::Error;
use crate::ids::random_id;
use crate::store::{Actor, AuditDraft, ProjectInfo, Role};
use crate::time::{Micros, now};

impl Store {
    /// Creates a project, with its owner if it has one.
    pub(crate) async fn create_project(&self, name: &str, owner: Option<&str>, by: &Actor) -> Result<String, Error> {
        const PROJECT: &str = "INSERT INTO projects (id, name, created_at) VALUES ($1, $2, $3)";
        text::check("name", name)?;
        let id = random_id();
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        with_conn!(&mut tx, db => { sqlx::query(PROJECT).bind(&id).bind(name).bind(now()).execute(db).await?; });
        tx.record(Some(&id), &AuditDraft::new(by, "project.create", &id).after(json!({"name": name}))).await?;
        if let Some(owner) = owner {
            members::insert(&mut tx, &id, owner, Role::Owner, by).await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    pub(crate) async fn project_exists(&self, id: &str) -> Result<bool, Error> {
        const QUERY: &str = "SELECT EXISTS (SELECT 1 FROM projects WHERE id = $1 AND deleted_at IS NULL)";
        Ok(with_conn!(&mut self.reader().await?, db => sqlx::query_scalar(QUERY).bind(id).fetch_one(db).await?))
    }

    pub(crate) async fn project(&self, id: &str) -> Result<Option<ProjectInfo>, Error> {
        const QUERY: &str = "SELECT name, created_at FROM projects WHERE id = $1 AND deleted_at IS NULL";
        let row: Option<(String, Micros)> =
            with_conn!(&mut self.reader().await?, db => sqlx::query_as(QUERY).bind(id).fetch_optional(db).await?);
        Ok(row.map(|(name, created_at)| ProjectInfo { id: id.to_owned(), name, role: None, created_at }))
    }

    /// The projects a user belongs to, oldest first.
    pub(crate) async fn projects_of(&self, user_id: &str) -> Result<Vec<ProjectInfo>, Error> {
        const QUERY: &str = "SELECT id, name, role, created_at FROM projects JOIN members ON id = project_id
                             WHERE user_id = $1 AND deleted_at IS NULL ORDER BY created_at, id LIMIT 1000";
        let rows: Vec<(String, String, String, Micros)> =
            with_conn!(&mut self.reader().await?, db => sqlx::query_as(QUERY).bind(user_id).fetch_all(db).await?);
        let project = |(id, name, role, created_at): (_, _, String, _)| {
            let role = Some(Role::parse(&role));
            ProjectInfo { id, name, role, created_at }
        };
        Ok(rows.into_iter().map(project).collect())
    }

    /// All projects, oldest first.
    pub(crate) async fn projects(&self) -> Result<Vec<ProjectInfo>, Error> {
        const QUERY: &str =
            "SELECT id, name, created_at FROM projects WHERE deleted_at IS NULL ORDER BY created_at, id";
        let rows: Vec<(String, String, Micros)> =
            with_conn!(&mut self.reader().await?, db => sqlx::query_as(QUERY).fetch_all(db).await?);
        let project = |(id, name, created_at)| ProjectInfo { id, name, role: None, created_at };
        Ok(rows.into_iter().map(project).collect())
    }

    pub(crate) async fn project_ids(&self) -> Result<Vec<String>, Error> {
        const QUERY: &str = "SELECT id FROM projects WHERE deleted_at IS NULL";
        Ok(with_conn!(&mut self.reader().await?, db => sqlx::query_scalar(QUERY).fetch_all(db).await?))
    }

    pub(crate) async fn rename_project(&self, id: &str, name: &str, by: &Actor) -> Result<(), Error> {
        const QUERY: &str = "UPDATE projects SET name = $1 WHERE id = $2";
        text::check("name", name)?;
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        tx.lock_project(id).await?;
        let before = name_of(&mut tx, id).await?.ok_or(Error::NotFound("Project"))?;
        with_conn!(&mut tx, db => { sqlx::query(QUERY).bind(name).bind(id).execute(db).await?; });
        let draft = AuditDraft::new(by, "project.update", id);
        tx.record(Some(id), &draft.before(json!({"name": before})).after(json!({"name": name}))).await?;
        Ok(tx.commit().await?)
    }
}

pub(super) async fn name_of(tx: &mut Tx<'_>, id: &str) -> Result<Option<String>, Error> {
    const QUERY: &str = "SELECT name FROM projects WHERE id = $1 AND deleted_at IS NULL";
    Ok(with_conn!(tx, db => sqlx::query_scalar(QUERY).bind(id).fetch_optional(db).await?))
}
