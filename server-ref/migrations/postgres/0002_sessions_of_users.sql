-- Sessions end with the user's deactivation. Those from before hold their ids in clear: their users sign in again.
ALTER TABLE sessions ADD COLUMN user_id TEXT COLLATE "C";
DELETE FROM sessions;
CREATE INDEX sessions_by_user ON sessions (user_id);
