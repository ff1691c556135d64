-- Contents are read by time, by status, by author and by the rule that decided, page by page. What servers of the version before
-- store has no author and no rule here.
ALTER TABLE contents ADD COLUMN author TEXT;
ALTER TABLE contents ADD COLUMN rule_id TEXT;
UPDATE contents SET author = CASE
    WHEN json_valid(meta_data) AND json_type(meta_data, '$.user_id') IN ('text', 'integer', 'real')
    THEN CAST(json_extract(meta_data, '$.user_id') AS TEXT) END;
UPDATE contents SET rule_id = (
    SELECT CASE WHEN json_valid(result) THEN json_extract(result, '$.rule_id') END
    FROM moderation_results WHERE content_id = contents.id AND position = 0);
CREATE INDEX contents_by_time ON contents (project_id, created_at, id);
CREATE INDEX contents_by_status_and_time ON contents (project_id, status, created_at, id);
CREATE INDEX contents_by_author ON contents (project_id, author, created_at, id) WHERE author IS NOT NULL;
CREATE INDEX contents_by_rule ON contents (project_id, rule_id, created_at, id) WHERE rule_id IS NOT NULL;

-- When the project was deleted. It is invisible from then on, and what belongs to it goes piece by piece.
ALTER TABLE projects ADD COLUMN deleted_at INTEGER;
CREATE INDEX projects_deleted ON projects (deleted_at) WHERE deleted_at IS NOT NULL;
