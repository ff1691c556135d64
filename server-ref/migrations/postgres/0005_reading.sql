-- Contents are read by time, by status, by author and by the rule that decided, page by page. What servers of the version before
-- store has no author and no rule here.
ALTER TABLE contents ADD COLUMN author TEXT COLLATE "C";
ALTER TABLE contents ADD COLUMN rule_id TEXT COLLATE "C";
