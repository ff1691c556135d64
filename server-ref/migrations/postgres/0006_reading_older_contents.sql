-- In a transaction of its own, since the one before locks the table.
-- An escaped U+0000 is nothing that PostgreSQL could take out of JSON.
UPDATE contents SET author = CASE
    WHEN position('"user_id"' IN meta_data) > 0 AND position('\u0000' IN meta_data) = 0
    THEN CASE WHEN json_typeof(meta_data::json -> 'user_id') IN ('string', 'number')
         THEN meta_data::json ->> 'user_id' END END
WHERE meta_data IS NOT NULL;
UPDATE contents SET rule_id = CASE WHEN position('\u0000' IN result) = 0 THEN result::json ->> 'rule_id' END
FROM moderation_results WHERE content_id = contents.id AND position = 0;
