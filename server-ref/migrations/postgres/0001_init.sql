-- The tables of `migrations/sqlite`, in one step. Times are microseconds since 1970-01-01T00:00:00Z; texts that are compared are in
-- the order of their bytes, as in SQLite.

CREATE TABLE meta (
    key   TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
);

-- The log id is part of every client's cursor: a restored or replaced database is told apart by it.
INSERT INTO meta (key, value) VALUES ('log_id', left(replace(gen_random_uuid()::text, '-', ''), 24));

-- The marks of the server processes: each transaction that writes the log leaves its own, so that a process whose connection died
-- during COMMIT can find out what became of it.
CREATE TABLE writers (
    id      TEXT COLLATE "C" PRIMARY KEY,
    mark    BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

CREATE TABLE users (
    id            TEXT COLLATE "C" PRIMARY KEY,
    email         TEXT COLLATE "C" NOT NULL,
    password_hash TEXT NOT NULL,
    is_admin      BOOLEAN NOT NULL DEFAULT FALSE,
    is_active     BOOLEAN NOT NULL DEFAULT TRUE,
    created_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_by_email ON users (lower(email));

-- The head of the event log and the counts live in the project's row: a transaction that locks the row takes the next ids, and
-- the statistics cost the same however much content there is.
CREATE TABLE projects (
    id         TEXT COLLATE "C" PRIMARY KEY,
    name       TEXT NOT NULL,
    event_head BIGINT NOT NULL DEFAULT 0,
    approved   BIGINT NOT NULL DEFAULT 0,
    rejected   BIGINT NOT NULL DEFAULT 0,
    flagged    BIGINT NOT NULL DEFAULT 0,
    pending    BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);

CREATE TABLE members (
    project_id TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id    TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE api_keys (
    id         TEXT COLLATE "C" PRIMARY KEY,
    project_id TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    key_hash   BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
CREATE INDEX api_keys_by_project ON api_keys (project_id);

CREATE TABLE rules (
    id         TEXT COLLATE "C" PRIMARY KEY,
    project_id TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    type       TEXT NOT NULL,
    data       TEXT NOT NULL,
    action     TEXT NOT NULL,
    priority   BIGINT NOT NULL,
    is_active  BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX rules_by_project ON rules (project_id, priority);

-- Content ids are UUIDv7, so the primary key is also "newest first". What people submitted is kept as UTF-8 bytes, because TEXT
-- holds no U+0000: read it with convert_from(content_data, 'UTF8').
CREATE TABLE contents (
    project_id   TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id           TEXT COLLATE "C" NOT NULL,
    content_type TEXT NOT NULL,
    content_data BYTEA NOT NULL,
    meta_data    TEXT,
    status       TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX contents_by_status ON contents (project_id, status, id);

CREATE TABLE moderation_results (
    content_id TEXT COLLATE "C" NOT NULL,
    position   BIGINT NOT NULL,
    result     TEXT NOT NULL,
    PRIMARY KEY (content_id, position)
);

-- `data` is the payload exactly as it was published.
CREATE TABLE events (
    project_id TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    event_id   BIGINT NOT NULL,
    name       TEXT NOT NULL,
    data       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, event_id)
);

CREATE TABLE sessions (
    id         TEXT COLLATE "C" PRIMARY KEY,
    data       TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Persistent notifications until they are withdrawn; without a project they are for all.
CREATE TABLE notifications (
    id         TEXT COLLATE "C" PRIMARY KEY,
    project_id TEXT COLLATE "C" REFERENCES projects (id) ON DELETE CASCADE,
    type       TEXT NOT NULL,
    message    TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX notifications_by_project ON notifications (project_id);

-- Who the contents' `user_id` are, counted: one row per author, so that an event costs the same however much they wrote.
-- `hours` is JSON: [[hour since 1970, rejections in it], …], a day of them at most.
CREATE TABLE authors (
    project_id TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    author     TEXT COLLATE "C" NOT NULL,
    total      BIGINT NOT NULL,
    approved   BIGINT NOT NULL,
    hours      TEXT NOT NULL,
    PRIMARY KEY (project_id, author)
);
