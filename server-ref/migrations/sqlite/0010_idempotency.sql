-- Requests that carried an idempotency key, with their answers. `project_id` is empty for requests that concern all projects.
CREATE TABLE idempotency_keys (
    project_id TEXT NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of the path and the body.
    fingerprint BLOB NOT NULL,
    answer TEXT NOT NULL,
    -- The project's newest event after the change: the position up to which keys are deleted.
    event_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, key)
);

CREATE INDEX idempotency_keys_by_event ON idempotency_keys (project_id, event_id);
