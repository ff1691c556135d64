-- A project sees the sign-ins of its members from this time on.
ALTER TABLE members ADD COLUMN joined_at BIGINT NOT NULL DEFAULT 0;
