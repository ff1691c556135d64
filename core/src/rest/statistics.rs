//! `GET /api/stats` and `GET /api/health`.

use serde::Deserialize;
use serde_json::Value;

use super::Api;
use crate::{
    Error,
    events::{Extra, lenient},
};

/// Counters of a project.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Statistics {
    /// Number of submissions so far.
    #[serde(alias = "total", deserialize_with = "lenient")]
    pub total_content: u64,
    /// Number approved.
    #[serde(deserialize_with = "lenient")]
    pub approved: u64,
    /// Number rejected.
    #[serde(deserialize_with = "lenient")]
    pub rejected: u64,
    /// Number flagged for a person.
    #[serde(deserialize_with = "lenient")]
    pub flagged: u64,
    /// Number without a decision.
    #[serde(deserialize_with = "lenient")]
    pub pending: u64,
    /// Percentage approved.
    #[serde(deserialize_with = "lenient")]
    pub approval_rate: f64,
    /// Other fields of the response.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Health of the server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// Health in the server's words, such as `healthy`.
    pub status: String,
    /// Other fields of the response.
    #[serde(flatten)]
    pub extra: Extra,
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
        let answer: Value = self.get_openly(|base_url| base_url.join("api/health")).await?;
        let status = answer.get("status").and_then(Value::as_str).unwrap_or("ok").to_owned();
        let extra = answer.as_object().cloned().unwrap_or_default();
        Ok(Health { status, extra: extra.into_iter().filter(|(name, _)| name != "status").collect() })
    }
}
