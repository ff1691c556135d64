//! Sample events, as servers send them.
#![allow(dead_code, reason = "no benchmark uses all of them")]

/// Returns the documented `moderation_update`. `ids` contains the fields that a server with an event log adds, each preceded
/// by a comma.
pub(crate) fn documented_update(ids: &str) -> String {
    format!(
        concat!(
            r#"{{"content_id":"123e4567-e89b-12d3-a456-426614174000","project_id":"proj_abc123","status":"approved","#,
            r#""content_type":"text","content_preview":"This is some content to moderate...","#,
            r#""meta_data":{{"user_id":"user_12345","source":"comments"}},"results_count":1,"processing_time":1.23,"#,
            r#""moderator_type":"rule","moderator_name":"AI Rule","rule_name":"Spam Detection","#,
            r#""timestamp":"2024-01-15T10:30:00Z"{ids}}}"#
        ),
        ids = ids
    )
}

/// A `moderation_update` as deployed servers send it: escaped to ASCII, with nulls, and without a time zone.
pub(crate) const DEPLOYED_UPDATE: &str = concat!(
    r#"{"content_id":"0b7f2b0e-4c0e-4f0a-9d5a-3d1d2c5f6a7b","project_id":"5f1c9c39-6f0f-4b1e-8f55-1d9c1f0f7a11","#,
    r#""status":"flagged","content_type":"text","content_preview":"Gr\u00fc\u00dfe \u2013 buy <b>now</b>","#,
    r#""meta_data":null,"results_count":2,"processing_time":8.106231689453125e-06,"moderator_type":"ai","#,
    r#""moderator_name":"AI","rule_name":null,"timestamp":"2026-11-22T12:39:46.406078"}"#
);

/// The documented `stats_update`.
pub(crate) const STATS_UPDATE: &str = concat!(
    r#"{"total_content":15421,"approved":12937,"rejected":2180,"flagged":304,"approval_rate":83.9,"#,
    r#""rejection_rate":14.1,"flag_rate":2.0,"recent_activity":[{"content_id":"content_123","#,
    r#""decision":"approved","timestamp":"2024-01-15T16:45:30Z"}]}"#
);

/// Returns the Socket.IO message of an event with this name and data.
pub(crate) fn socket_io_message(name: &str, data: &str) -> String {
    format!(r#"2["{name}",{data}]"#)
}
