//! Rules are changed, published as a `rule_update` in the same transaction, and in force when this returns.

use super::App;
use crate::Error;
use crate::moderation::{NewRule, check_rule, rule_update};
use crate::store::{Change, Deed, News, StoredRule};
use crate::time::{Micros, now};

impl App {
    pub(crate) async fn add_rule(&self, project_id: &str, rule: NewRule) -> Result<String, Error> {
        let rule = rule.into_stored(now())?;
        let id = rule.id.clone();
        self.create_rule(project_id, rule).await?;
        Ok(id)
    }

    pub(crate) async fn create_rule(&self, project_id: &str, rule: StoredRule) -> Result<(), Error> {
        self.check_rule(project_id, &rule).await?;
        self.publish_rule(project_id, "created", &rule, rule.created_at, Deed::RuleCreated(rule.clone())).await
    }

    pub(crate) async fn update_rule(&self, project_id: &str, rule: StoredRule) -> Result<(), Error> {
        self.check_rule(project_id, &rule).await?;
        self.publish_rule(project_id, "updated", &rule, rule.updated_at, Deed::RuleUpdated(rule.clone())).await
    }

    pub(crate) async fn delete_rule(&self, project_id: &str, rule: &StoredRule) -> Result<(), Error> {
        self.publish_rule(project_id, "deleted", rule, now(), Deed::RuleDeleted(rule.id.clone())).await
    }

    /// Compiling a pattern takes a while.
    async fn check_rule(&self, project_id: &str, rule: &StoredRule) -> Result<(), Error> {
        let (project_id, rule) = (project_id.into(), rule.clone());
        self.matching.run(&project_id, rule.data.len(), move || Some(check_rule(&rule))).await?
    }

    async fn publish_rule(
        &self,
        project_id: &str,
        action: &str,
        rule: &StoredRule,
        at: Micros,
        deed: Deed,
    ) -> Result<(), Error> {
        let event = Some(rule_update(project_id, action, rule, at)?);
        let done = self.writer.submit(Change { project_id: project_id.into(), at, deed, event }).await;
        self.apply(&News::RulesChanged(project_id.to_owned()));
        done
    }
}
