-- The id of the event log changes when a failover loses events; the id of the database does not.
INSERT INTO meta (key, value) SELECT 'database_id', value FROM meta WHERE key = 'log_id';
