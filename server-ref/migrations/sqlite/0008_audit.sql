-- What was done, by whom and when. Entries without a project are the server's own. `state_before` and `state_after` are JSON.
CREATE TABLE audit (
    id           TEXT PRIMARY KEY,
    project_id   TEXT REFERENCES projects (id) ON DELETE CASCADE,
    at           INTEGER NOT NULL,
    actor_kind   TEXT NOT NULL,
    actor_id     TEXT,
    actor_name   TEXT NOT NULL,
    action       TEXT NOT NULL,
    target_kind  TEXT NOT NULL,
    target_id    TEXT NOT NULL,
    state_before TEXT,
    state_after  TEXT,
    address      TEXT
);
CREATE INDEX audit_by_project ON audit (project_id, at, id);
CREATE INDEX audit_by_age ON audit (at);
CREATE INDEX audit_sign_ins ON audit (actor_id, at, id) WHERE action = 'user.sign_in';

-- A project sees the sign-ins of its members from this time on.
ALTER TABLE members ADD COLUMN joined_at INTEGER NOT NULL DEFAULT 0;

-- Memberships that wait for the consent of the user with this e-mail address, which is kept in lower case.
CREATE TABLE invitations (
    id         TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    email      TEXT NOT NULL,
    role       TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    invited_by TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (project_id, email)
);
CREATE INDEX invitations_by_email ON invitations (email);
CREATE INDEX invitations_by_inviter ON invitations (invited_by);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);
