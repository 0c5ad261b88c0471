-- name: find_derived
-- A series of the same study as another one, by its UID.
SELECT derived.id
  FROM series AS source
  JOIN series AS derived ON derived.study_id = source.study_id
 WHERE source.id = $1 AND derived.series_instance_uid = $2;

-- name: find_numbers
SELECT own.number, array_agg(others.number) FILTER (WHERE others.number IS NOT NULL) AS taken
  FROM series AS own
  JOIN series AS others ON others.study_id = own.study_id
 WHERE own.id = $1
 GROUP BY own.id;
