//! Routes `/api/projects/{id}/rules[/{rule_id}]`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::caller::Caller;
use super::error::ApiError;
use super::input::{JsonBody, PathIds, trim_and_check_text};
use super::success_answer::{SuccessAnswer, answer};
use crate::Error;
use crate::app::App;
use crate::auth::Permission;
use crate::moderation::{Action, NewRule, RuleKind};
use crate::store::StoredRule;
use crate::time::{now, rfc3339};

const RULE_NAME_CHARS_MAX: usize = 200;
/// Maximum number of rules per project.
const RULES_PER_PROJECT_MAX: usize = 2000;
const PRIORITY_MAX: u64 = 1_000_000;

/// A new rule, or changes to a rule. Fields that are omitted from a change remain unchanged.
#[derive(Deserialize, ToSchema)]
pub(super) struct RuleBody {
    /// Name of the rule. Required for a new rule.
    name: Option<String>,
    /// Type of the rule: `keyword`, `regex` or `ai_prompt`. Required for a new rule.
    #[serde(alias = "rule_type")]
    r#type: Option<String>,
    /// Data that depends on the type: `{"keywords":[…],"case_sensitive":false}`, `{"pattern":"…","flags":["i","m","s"]}` or
    /// `{"prompt":"…"}`. Required for a new rule, and when the type changes.
    #[serde(alias = "rule_data")]
    #[schema(value_type = Option<Object>)]
    data: Option<Value>,
    /// Action for items that match. Required for a new rule.
    action: Option<Action>,
    /// Priority of the rule; 0 by default. Rules with a higher priority are tried first, but `ai_prompt` rules only if no other rule
    /// matches.
    priority: Option<i64>,
    /// True if the rule is in force; true by default.
    is_active: Option<bool>,
}

/// A rule, as returned by the REST API.
#[derive(Serialize, ToSchema)]
#[schema(as = Rule)]
pub(super) struct RuleInfo {
    id: String,
    project_id: String,
    name: String,
    r#type: String,
    #[schema(value_type = Object)]
    data: Box<RawValue>,
    action: String,
    priority: i64,
    is_active: bool,
    created_at: String,
    updated_at: String,
}

answer!(RuleAnswer { rule: RuleInfo });
answer!(RulesAnswer { rules: Vec<RuleInfo> });

/// Lists the rules of a project, highest priority first, and oldest first among rules with the same priority.
#[utoipa::path(
    get, path = "/api/projects/{id}/rules", tag = "rules", params(("id" = String, Path)),
    responses((status = 200, body = RulesAnswer))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
) -> Result<Json<RulesAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::ReadRules).await?;
    let rules = app.store.rules(&id).await?;
    Ok(RulesAnswer::new(rules.into_iter().map(|rule| rule_info(&id, rule)).collect::<Result<_, _>>()?))
}

/// Adds a rule. If it is active, it is in force on this node when the response is sent. For admins, and keys with the scope `rules`.
#[utoipa::path(
    post, path = "/api/projects/{id}/rules", tag = "rules", params(("id" = String, Path)),
    request_body = RuleBody, responses((status = 201, body = RuleAnswer))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
    JsonBody(body): JsonBody<RuleBody>,
) -> Result<(StatusCode, Json<RuleAnswer>), ApiError> {
    caller.require_permission(&app, &id, Permission::EditRules).await?;
    let missing = |field| ApiError::unprocessable(format!("{field} is required"));
    let rule = NewRule {
        name: trim_and_check_text("name", &body.name.ok_or_else(|| missing("name"))?, RULE_NAME_CHARS_MAX)?,
        kind: RuleKind::from_json(
            &body.r#type.ok_or_else(|| missing("type"))?,
            body.data.ok_or_else(|| missing("data"))?,
        )?,
        action: body.action.ok_or_else(|| missing("action"))?,
        priority: check_priority(body.priority.unwrap_or(0))?,
    };
    if app.store.rules(&id).await?.len() >= RULES_PER_PROJECT_MAX {
        return Err(ApiError::conflict("limit_reached", "The project has too many rules"));
    }
    let mut rule = rule.into_stored(now())?;
    rule.is_active = body.is_active.unwrap_or(true);
    app.create_rule(&id, rule.clone(), &caller.actor()).await?;
    Ok((StatusCode::CREATED, RuleAnswer::new(rule_info(&id, rule)?)))
}

/// Returns a rule.
#[utoipa::path(
    get, path = "/api/projects/{id}/rules/{rule_id}", tag = "rules",
    params(("id" = String, Path), ("rule_id" = String, Path)),
    responses((status = 200, body = RuleAnswer))
)]
pub(super) async fn get_rule(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds((id, rule_id)): PathIds<(String, String)>,
) -> Result<Json<RuleAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::ReadRules).await?;
    Ok(RuleAnswer::new(rule_info(&id, find_rule(&app, &id, &rule_id).await?)?))
}

/// Changes a rule. For admins, and keys with the scope `rules`.
#[utoipa::path(
    method(patch, put), path = "/api/projects/{id}/rules/{rule_id}", tag = "rules",
    params(("id" = String, Path), ("rule_id" = String, Path)),
    request_body = RuleBody, responses((status = 200, body = RuleAnswer))
)]
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds((id, rule_id)): PathIds<(String, String)>,
    JsonBody(body): JsonBody<RuleBody>,
) -> Result<Json<RuleAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::EditRules).await?;
    let mut rule = find_rule(&app, &id, &rule_id).await?;
    if let Some(name) = body.name {
        rule.name = trim_and_check_text("name", &name, RULE_NAME_CHARS_MAX)?;
    }
    match (body.r#type, body.data) {
        (None, None) => {}
        (Some(kind), None) if kind == rule.kind => {}
        (Some(_), None) => return Err(ApiError::unprocessable("data is required when the type changes")),
        (kind, Some(data)) => {
            let kind = kind.unwrap_or(rule.kind);
            (rule.kind, rule.data) = RuleKind::from_json(&kind, data)?.to_parts()?;
        }
    }
    if let Some(action) = body.action {
        rule.action = action.as_str().into();
    }
    if let Some(wanted) = body.priority {
        rule.priority = check_priority(wanted)?;
    }
    rule.is_active = body.is_active.unwrap_or(rule.is_active);
    rule.updated_at = now();
    app.update_rule(&id, rule.clone(), &caller.actor()).await?;
    Ok(RuleAnswer::new(rule_info(&id, rule)?))
}

/// Deletes a rule. For admins, and keys with the scope `rules`.
#[utoipa::path(
    delete, path = "/api/projects/{id}/rules/{rule_id}", tag = "rules",
    params(("id" = String, Path), ("rule_id" = String, Path)),
    responses((status = 200, body = SuccessAnswer))
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds((id, rule_id)): PathIds<(String, String)>,
) -> Result<Json<SuccessAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::EditRules).await?;
    app.delete_rule(&id, &find_rule(&app, &id, &rule_id).await?, &caller.actor()).await?;
    Ok(SuccessAnswer::new())
}

async fn find_rule(app: &App, id: &str, rule_id: &str) -> Result<StoredRule, ApiError> {
    let rule = app.store.rule(id, rule_id).await?;
    rule.ok_or_else(|| ApiError::not_found("Rule not found"))
}

fn check_priority(wanted: i64) -> Result<i64, ApiError> {
    if wanted.unsigned_abs() > PRIORITY_MAX {
        return Err(ApiError::unprocessable("priority must be from -1000000 to 1000000"));
    }
    Ok(wanted)
}

pub(super) fn rule_info(project_id: &str, rule: StoredRule) -> Result<RuleInfo, ApiError> {
    let data = RawValue::from_string(rule.data).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(RuleInfo {
        id: rule.id,
        project_id: project_id.to_owned(),
        name: rule.name,
        r#type: rule.kind,
        data,
        action: rule.action,
        priority: rule.priority,
        is_active: rule.is_active,
        created_at: rfc3339(rule.created_at),
        updated_at: rfc3339(rule.updated_at),
    })
}
