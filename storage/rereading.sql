-- name: find_stale
-- Rows whose header an earlier version has read, after the last one that was looked at.
SELECT id, institution_id, blob_sha256
  FROM instances
 WHERE (header ->> 'version')::integer < $1 AND id > $2
 ORDER BY id
 LIMIT $3;

-- name: keep
-- Whoever comes second with the same header changes nothing: another process may read the same rows again.
UPDATE instances
   SET header = fresh.header
  FROM unnest($1::bigint[], $2::jsonb[]) AS fresh (id, header)
 WHERE instances.id = fresh.id AND (instances.header ->> 'version')::integer < $3;
