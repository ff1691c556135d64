//! `GET /api/stats` and `GET /api/health`.

use serde::Deserialize;
use serde_json::Value;

use super::Api;
use crate::{
    Error,
    events::{Extra, lenient},
};

/// A project's counters.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Statistics {
    /// All content ever submitted.
    #[serde(alias = "total", deserialize_with = "lenient")]
    pub total_content: u64,
    /// Of it, approved.
    #[serde(deserialize_with = "lenient")]
    pub approved: u64,
    /// Of it, rejected.
    #[serde(deserialize_with = "lenient")]
    pub rejected: u64,
    /// Of it, flagged for a person.
    #[serde(deserialize_with = "lenient")]
    pub flagged: u64,
    /// Of it, not decided yet.
    #[serde(deserialize_with = "lenient")]
    pub pending: u64,
    /// Percent approved.
    #[serde(deserialize_with = "lenient")]
    pub approval_rate: f64,
    /// Everything else that the server says.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whether the server is well.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// The server's word for it, such as `healthy`.
    pub status: String,
    /// Everything else that the server says.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Api {
    pub(crate) async fn statistics(&self) -> Result<Statistics, Error> {
        #[derive(Deserialize)]
        struct Wire {
            stats: Statistics,
        }
        self.get::<Wire>(|target| target.join("api/stats")).await.map(|wire| wire.stats)
    }

    pub(crate) async fn health(&self) -> Result<Health, Error> {
        let answer: Value = self.get_openly(|target| target.join("api/health")).await?;
        let status = answer.get("status").and_then(Value::as_str).unwrap_or("ok").to_owned();
        let extra = answer.as_object().cloned().unwrap_or_default();
        Ok(Health { status, extra: extra.into_iter().filter(|(name, _)| name != "status").collect() })
    }
}
