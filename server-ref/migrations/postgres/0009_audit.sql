-- What was done, by whom and when. Entries without a project are the server's own. `state_before` and `state_after` are JSON.
CREATE TABLE audit (
    id           TEXT COLLATE "C" PRIMARY KEY,
    project_id   TEXT COLLATE "C" REFERENCES projects (id) ON DELETE CASCADE,
    at           BIGINT NOT NULL,
    actor_kind   TEXT COLLATE "C" NOT NULL,
    actor_id     TEXT COLLATE "C",
    actor_name   TEXT NOT NULL,
    action       TEXT COLLATE "C" NOT NULL,
    target_kind  TEXT COLLATE "C" NOT NULL,
    target_id    TEXT COLLATE "C" NOT NULL,
    state_before TEXT,
    state_after  TEXT,
    address      TEXT
);
CREATE INDEX audit_by_project ON audit (project_id, at, id);
CREATE INDEX audit_by_age ON audit (at);
CREATE INDEX audit_sign_ins ON audit (actor_id, at, id) WHERE action = 'user.sign_in';
