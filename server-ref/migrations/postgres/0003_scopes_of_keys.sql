-- What keys may do, for how long, and from where. Keys from before keep what they could.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read submit review rules';
-- Origins of pages with blanks between them; none: any.
ALTER TABLE api_keys ADD COLUMN allowed_origins TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN is_active BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE api_keys ADD COLUMN expires_at BIGINT;
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;
ALTER TABLE api_keys ADD COLUMN created_by TEXT COLLATE "C" REFERENCES users (id) ON DELETE SET NULL;
-- The public half of the pair by which the key signs its tokens. The other half is made of the key, which is not stored.
ALTER TABLE api_keys ADD COLUMN token_key BYTEA;
