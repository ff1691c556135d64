//! The reference AutoModerate server.
