-- By whom the first user may be made, as long as there is none: hashes of the tokens that the servers printed.
CREATE TABLE setup_tokens (
    hash       BYTEA PRIMARY KEY,
    created_at BIGINT NOT NULL
);
