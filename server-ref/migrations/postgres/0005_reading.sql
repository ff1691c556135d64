-- Contents are read by time, by status, by author and by the rule that decided, page by page. What servers of the version before
-- store has no author and no rule here.
ALTER TABLE contents ADD COLUMN author TEXT COLLATE "C";
ALTER TABLE contents ADD COLUMN rule_id TEXT COLLATE "C";
-- An escaped U+0000 is nothing that PostgreSQL could take out of JSON.
UPDATE contents SET author = CASE
    WHEN position('"user_id"' IN meta_data) > 0 AND position('\u0000' IN meta_data) = 0
    THEN CASE WHEN json_typeof(meta_data::json -> 'user_id') IN ('string', 'number')
         THEN meta_data::json ->> 'user_id' END END
WHERE meta_data IS NOT NULL;
UPDATE contents SET rule_id = CASE WHEN position('\u0000' IN result) = 0 THEN result::json ->> 'rule_id' END
FROM moderation_results WHERE content_id = contents.id AND position = 0;
CREATE INDEX contents_by_time ON contents (project_id, created_at, id);
CREATE INDEX contents_by_status_and_time ON contents (project_id, status, created_at, id);
CREATE INDEX contents_by_author ON contents (project_id, author, created_at, id) WHERE author IS NOT NULL;
CREATE INDEX contents_by_rule ON contents (project_id, rule_id, created_at, id) WHERE rule_id IS NOT NULL;

-- When the project was deleted. It is invisible from then on, and what belongs to it goes piece by piece.
ALTER TABLE projects ADD COLUMN deleted_at BIGINT;
CREATE INDEX projects_deleted ON projects (deleted_at) WHERE deleted_at IS NOT NULL;
