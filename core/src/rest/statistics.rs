//! `GET /api/stats` and `GET /api/health`.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::Api;
use crate::{
    Error,
    driver::BaseUrl,
    events::{Extra, coerced_scalar_or_default},
};

/// Moderation counters of a project.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Statistics {
    /// Number of submissions so far.
    #[serde(alias = "total", deserialize_with = "coerced_scalar_or_default")]
    pub total_content: u64,
    /// Number of approved items.
    #[serde(deserialize_with = "coerced_scalar_or_default")]
    pub approved: u64,
    /// Number of rejected items.
    #[serde(deserialize_with = "coerced_scalar_or_default")]
    pub rejected: u64,
    /// Number of items flagged for review by a person.
    #[serde(deserialize_with = "coerced_scalar_or_default")]
    pub flagged: u64,
    /// Number of items without a decision.
    #[serde(deserialize_with = "coerced_scalar_or_default")]
    pub pending: u64,
    /// Percentage of items that were approved.
    #[serde(deserialize_with = "coerced_scalar_or_default")]
    pub approval_rate: f64,
    /// Other fields of the statistics in the response.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Health of the server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// Status as reported by the server, such as `healthy`, or `ok` if the server reports none.
    pub status: String,
    /// Other fields of the response.
    #[serde(flatten)]
    pub extra: Extra,
}

pub(super) fn health_url(base_url: &BaseUrl) -> Url {
    base_url.join("api/health")
}

impl Api {
    pub(crate) async fn statistics(&self) -> Result<Statistics, Error> {
        #[derive(Deserialize)]
        struct StatisticsPayload {
            stats: Statistics,
        }
        self.get::<StatisticsPayload>(|base_url| base_url.join("api/stats")).await.map(|payload| payload.stats)
    }

    pub(crate) async fn health(&self) -> Result<Health, Error> {
        let response: Value = self.get_without_credentials(health_url).await?;
        let status = response.get("status").and_then(Value::as_str).unwrap_or("ok").to_owned();
        let extra = response.as_object().cloned().unwrap_or_default();
        Ok(Health { status, extra: extra.into_iter().filter(|(name, _)| name != "status").collect() })
    }
}
