-- The most requests of a key within a minute; null: any number.
ALTER TABLE api_keys ADD COLUMN requests_per_minute BIGINT;
