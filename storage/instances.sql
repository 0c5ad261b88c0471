-- name: find_study
SELECT studies.id, coalesce(patients.patient_id, '') AS patient_id, patients.issuer
  FROM studies
  JOIN patients ON patients.id = studies.patient_id
 WHERE studies.institution_id = $1 AND studies.study_instance_uid = $2;

-- name: lock_study
-- Two first instances of one study at once would each make a patient when the PatientID is missing. Whoever makes the
-- study holds this until the end of the transaction; who only finds it never waits.
SELECT pg_advisory_xact_lock(hashtextextended($2, $1));

-- name: find_patient
SELECT id FROM patients WHERE institution_id = $1 AND issuer = $2 AND patient_id = $3;

-- name: insert_patient
-- No row means that somebody else made it first; NULL as patient_id always makes a new patient.
INSERT INTO patients (institution_id, issuer, patient_id)
VALUES ($1, $2, $3)
    ON CONFLICT (institution_id, issuer, patient_id) DO NOTHING
RETURNING id;

-- name: insert_study
INSERT INTO studies (institution_id, patient_id, study_instance_uid, patient_name, patient_sex, patient_birth_date,
                     study_date, study_time, accession, description, patient_age)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING id;

-- name: find_series
SELECT id FROM series WHERE study_id = $1 AND series_instance_uid = $2;

-- name: insert_series
INSERT INTO series (institution_id, study_id, series_instance_uid, number, modality, description, body_part)
VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (study_id, series_instance_uid) DO NOTHING
RETURNING id;

-- name: find_existing
SELECT id, sop_instance_uid, dataset_sha256, blob_sha256
  FROM instances
 WHERE institution_id = $1 AND sop_instance_uid = ANY ($2::text[]);

-- name: insert_instances
-- A UID that is there already, or is twice in the arrays, is left out; the answer names the ones that are new.
INSERT INTO instances (institution_id, series_id, sop_instance_uid, sop_class_uid, instance_number,
                       transfer_syntax_uid, blob_sha256, size_bytes, dataset_sha256, header)
SELECT $1, *
  FROM unnest($2::bigint[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::bigint[], $9::text[],
              $10::jsonb[])
    ON CONFLICT (institution_id, sop_instance_uid) DO NOTHING
RETURNING sop_instance_uid;

-- name: insert_conflict
-- Answers whether this content is seen for the first time.
INSERT INTO conflicts (institution_id, reason, instance_id, study_instance_uid, sop_instance_uid, blob_sha256,
                       size_bytes, dataset_sha256, origin)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (institution_id, sop_instance_uid, dataset_sha256)
    DO UPDATE SET arrivals = conflicts.arrivals + 1, last_at = now(), study_instance_uid = excluded.study_instance_uid
RETURNING arrivals = 1;
