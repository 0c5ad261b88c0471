-- name: count
SELECT count(*)
  FROM studies
  JOIN patients ON patients.id = studies.patient_id
 WHERE (patients.search || chr(10) || studies.search) LIKE ALL ($1::text[]);

-- name: find_page
SELECT studies.id
  FROM studies
  JOIN patients ON patients.id = studies.patient_id
 WHERE (patients.search || chr(10) || studies.search) LIKE ALL ($1::text[])
 ORDER BY studies.study_date DESC NULLS LAST, studies.study_time DESC NULLS LAST, studies.id DESC
 LIMIT $2 OFFSET $3;

-- name: find_lines
-- What is counted is counted for these studies only, never for the other pages of the list.
SELECT studies.id, studies.institution_id, institutions.name AS institution, studies.study_instance_uid,
       studies.patient_name, coalesce(patients.patient_id, '') AS patient_id, patients.issuer,
       studies.patient_sex AS sex, studies.patient_birth_date AS birth_date, studies.patient_age, studies.study_date, studies.study_time,
       studies.accession, studies.description, studies.received_at,
       counted.modalities, counted.body_part, counted.series, counted.images
  FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (id, place)
  JOIN studies ON studies.id = asked.id
  JOIN patients ON patients.id = studies.patient_id
  JOIN institutions ON institutions.id = studies.institution_id
 CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT series.modality) FILTER (WHERE series.modality <> ''), '{}') AS modalities,
           coalesce(min(series.body_part) FILTER (WHERE series.body_part <> ''), '') AS body_part,
           count(*) AS series,
           coalesce(sum((SELECT count(*) FROM instances WHERE instances.series_id = series.id)), 0)::bigint AS images
      FROM series
     WHERE series.study_id = studies.id
 ) AS counted
 ORDER BY asked.place;

-- name: find_series
SELECT series.id, series.institution_id, study_id, series_instance_uid, number, modality, series.description, body_part,
       studies.patient_id AS patient
  FROM series
  JOIN studies ON studies.id = series.study_id
 WHERE series.id = $1;

-- name: find_series_of_study
SELECT series.id, series.institution_id, study_id, series_instance_uid, number, modality, series.description, body_part,
       studies.patient_id AS patient
  FROM series
  JOIN studies ON studies.id = series.study_id
 WHERE study_id = $1
 ORDER BY number NULLS LAST, series.id;

-- name: find_instances
SELECT series_id, id, sop_instance_uid, sop_class_uid, instance_number, transfer_syntax_uid, blob_sha256, header
  FROM instances
 WHERE series_id = ANY ($1::bigint[])
 ORDER BY series_id, instance_number NULLS LAST, id;

-- name: count_conflicts
SELECT count(*)
  FROM (SELECT conflicts.id
          FROM studies
          JOIN conflicts USING (institution_id, study_instance_uid)
         WHERE studies.id = $1
         UNION
        SELECT conflicts.id
          FROM series
          JOIN instances ON instances.series_id = series.id
          JOIN conflicts ON conflicts.instance_id = instances.id
         WHERE series.study_id = $1) AS found;
