-- When the project was deleted. It is invisible from then on, and what belongs to it goes piece by piece.
ALTER TABLE projects ADD COLUMN deleted_at BIGINT;
CREATE INDEX projects_deleted ON projects (deleted_at) WHERE deleted_at IS NOT NULL;
