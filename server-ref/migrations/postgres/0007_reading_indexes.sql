CREATE INDEX contents_by_time ON contents (project_id, created_at, id);
CREATE INDEX contents_by_status_and_time ON contents (project_id, status, created_at, id);
CREATE INDEX contents_by_author ON contents (project_id, author, created_at, id) WHERE author IS NOT NULL;
CREATE INDEX contents_by_rule ON contents (project_id, rule_id, created_at, id) WHERE rule_id IS NOT NULL;
