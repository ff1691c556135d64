-- What one process tells the others on this file, in the transaction that makes it true. The newest thousand are kept.
CREATE TABLE news (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    message TEXT NOT NULL
);

-- By whom the first user may be made, as long as there is none: hashes of the tokens that the servers printed.
CREATE TABLE setup_tokens (
    hash       BLOB PRIMARY KEY,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
