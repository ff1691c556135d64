-- Server administrators; users that may no longer sign in.
ALTER TABLE users ADD COLUMN is_admin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN is_active INTEGER NOT NULL DEFAULT 1;

CREATE INDEX api_keys_by_project ON api_keys (project_id);

-- Persistent notifications until they are withdrawn; without a project they are for all.
CREATE TABLE notifications (
    id         TEXT PRIMARY KEY,
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    type       TEXT NOT NULL,
    message    TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX notifications_by_project ON notifications (project_id);

-- Who the contents' `user_id` are, counted: one row per author, so that an event costs the same however much they wrote.
-- `hours` is JSON: [[hour since 1970, rejections in it], …], a day of them at most.
CREATE TABLE authors (
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    author     TEXT NOT NULL,
    total      INTEGER NOT NULL,
    approved   INTEGER NOT NULL,
    hours      TEXT NOT NULL,
    PRIMARY KEY (project_id, author)
) WITHOUT ROWID;
