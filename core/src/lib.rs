//! The AutoModerate SDK.
