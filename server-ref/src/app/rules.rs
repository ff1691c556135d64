//! Changes to rules. Each change is committed together with its `rule_update`, and is in force on this node when the call returns.

use super::App;
use crate::Error;
use crate::moderation::{NewRule, rule_update_event};
use crate::store::{Actor, AuditDraft, Invalidation, Mutation, ProjectChange, StoredRule, rule_audit_state};
use crate::time::now;

impl App {
    pub(crate) async fn add_rule(&self, project_id: &str, rule: NewRule, by: &Actor) -> Result<String, Error> {
        let rule = rule.into_stored(now())?;
        let id = rule.id.clone();
        self.create_rule(project_id, rule, by).await?;
        Ok(id)
    }

    pub(crate) async fn create_rule(&self, project_id: &str, rule: StoredRule, by: &Actor) -> Result<(), Error> {
        self.moderation.check_rule(project_id, &rule).await?;
        let audit = AuditDraft::new(by, "rule.create", &rule.id).with_after(rule_audit_state(&rule));
        self.commit_rule_change(project_id, "created", &rule, Mutation::RuleCreated(rule.clone()), audit).await
    }

    pub(crate) async fn update_rule(&self, project_id: &str, rule: StoredRule, by: &Actor) -> Result<(), Error> {
        self.moderation.check_rule(project_id, &rule).await?;
        let audit = AuditDraft::new(by, "rule.update", &rule.id).with_after(rule_audit_state(&rule));
        self.commit_rule_change(project_id, "updated", &rule, Mutation::RuleUpdated(rule.clone()), audit).await
    }

    pub(crate) async fn delete_rule(&self, project_id: &str, rule: &StoredRule, by: &Actor) -> Result<(), Error> {
        let rule = &StoredRule { updated_at: now(), ..rule.clone() };
        let audit = AuditDraft::new(by, "rule.delete", &rule.id);
        self.commit_rule_change(project_id, "deleted", rule, Mutation::RuleDeleted(rule.id.clone()), audit).await
    }

    async fn commit_rule_change(
        &self,
        project_id: &str,
        action: &str,
        rule: &StoredRule,
        mutation: Mutation,
        audit: AuditDraft,
    ) -> Result<(), Error> {
        let at = rule.updated_at;
        let event = Some(rule_update_event(project_id, action, rule, at)?);
        let change = ProjectChange {
            project_id: project_id.into(),
            at,
            mutation,
            event,
            audit: Some(audit.into()),
            idempotency: None,
        };
        let done = self.writer.submit(change).await;
        self.apply_invalidation(&Invalidation::RulesChanged(project_id.to_owned()));
        done
    }
}
