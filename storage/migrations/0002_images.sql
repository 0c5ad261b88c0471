-- Patients, studies, series, instances and conflicts: what arrived.
--
-- Every row carries its owning institution, and every reference carries it too: (institution_id, id) is the key that
-- children point at, so a series can never hang under another institution's study, whatever the program does.

-- Only what links studies. Who a study shows stands in the study: a PatientID that two people got by mistake must not
-- show the one under the other's name.
CREATE TABLE patients (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution_id integer NOT NULL REFERENCES institutions,
    issuer         text NOT NULL DEFAULT '',
    -- NULL when the images carry none. NULLs are distinct from each other: two studies without a PatientID
    -- stay two patients, because nothing says that they are one person.
    patient_id     text CHECK (patient_id <> ''),
    search         text NOT NULL GENERATED ALWAYS AS (lower(normalize(coalesce(patient_id, ''), NFKC))) STORED,
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (institution_id, id),
    -- One person per identifier, issuer and institution. Two hospitals' equal PatientIDs stay two people.
    UNIQUE (institution_id, issuer, patient_id)
);

CREATE TABLE studies (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution_id     integer NOT NULL REFERENCES institutions,
    patient_id         bigint NOT NULL,
    study_instance_uid text NOT NULL CHECK (study_instance_uid <> ''),
    -- Who was imaged, as this study's own images say.
    patient_name       text NOT NULL DEFAULT '',  -- the whole PN value, all component groups, decoded
    patient_sex        text NOT NULL DEFAULT '',
    patient_birth_date date,
    study_date         date,
    study_time         time,
    accession          text NOT NULL DEFAULT '',
    description        text NOT NULL DEFAULT '',
    patient_age        text NOT NULL DEFAULT '',  -- as stored: 045Y
    search             text NOT NULL GENERATED ALWAYS AS
                       (lower(translate(normalize(patient_name, NFKC), '^=', '  ') || chr(10) ||
                              normalize(accession, NFKC) || chr(10) || normalize(description, NFKC))) STORED,
    received_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (institution_id, id),
    -- The same study at two institutions is two rows: each sees only what it was sent.
    UNIQUE (institution_id, study_instance_uid),
    -- A study of one institution cannot belong to a patient of another.
    FOREIGN KEY (institution_id, patient_id) REFERENCES patients (institution_id, id)
);
CREATE INDEX studies_newest ON studies (study_date DESC NULLS LAST, study_time DESC NULLS LAST, id DESC);
CREATE INDEX studies_of_patient ON studies (patient_id);

CREATE TABLE series (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution_id      integer NOT NULL REFERENCES institutions,
    study_id            bigint NOT NULL,
    series_instance_uid text NOT NULL CHECK (series_instance_uid <> ''),
    number              integer,
    modality            text NOT NULL DEFAULT '',
    description         text NOT NULL DEFAULT '',
    body_part           text NOT NULL DEFAULT '',
    received_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (institution_id, id),
    -- One row per series of a study. Within the study, because some senders reuse a series UID in two studies.
    UNIQUE (study_id, series_instance_uid),
    -- A series of one institution cannot belong to a study of another.
    FOREIGN KEY (institution_id, study_id) REFERENCES studies (institution_id, id)
);

CREATE TABLE instances (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution_id      integer NOT NULL REFERENCES institutions,
    series_id           bigint NOT NULL,
    sop_instance_uid    text NOT NULL CHECK (sop_instance_uid <> ''),
    sop_class_uid       text NOT NULL,
    instance_number     integer,
    transfer_syntax_uid text NOT NULL,
    -- The stored bytes. A digest of another length could never be found in the blob store again.
    blob_sha256         text NOT NULL CHECK (blob_sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes          bigint NOT NULL CHECK (size_bytes > 0),
    -- Data elements and pixels without group 2 and transfer syntax: equal here means the same instance.
    dataset_sha256      text NOT NULL CHECK (dataset_sha256 ~ '^[0-9a-f]{64}$'),
    header              jsonb NOT NULL,  -- storage.dicom.header.Header: all that a picture needs
    received_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (institution_id, id),
    -- Identity of an instance. A second arrival finds the first one here, also when both arrive at once.
    UNIQUE (institution_id, sop_instance_uid),
    -- An instance of one institution cannot belong to a series of another.
    FOREIGN KEY (institution_id, series_id) REFERENCES series (institution_id, id)
);
CREATE INDEX instances_of_series ON instances (series_id);

-- What contradicts something that is there. The first stays shown; this one is kept for a person to decide.
CREATE TABLE conflicts (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution_id   integer NOT NULL REFERENCES institutions,
    -- other_content: the instance is there with another content. other_patient: its study is there, under another
    -- patient; joined to it, the images of two people would stand side by side under one name.
    reason           text NOT NULL CHECK (reason IN ('other_content', 'other_patient')),
    instance_id      bigint,  -- which instance it contradicts
    sop_instance_uid text NOT NULL CHECK (sop_instance_uid <> ''),
    blob_sha256      text NOT NULL CHECK (blob_sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes       bigint NOT NULL CHECK (size_bytes > 0),
    dataset_sha256   text NOT NULL CHECK (dataset_sha256 ~ '^[0-9a-f]{64}$'),
    origin           text NOT NULL DEFAULT '',  -- the calling AE title, or "import"
    arrivals         integer NOT NULL DEFAULT 1 CHECK (arrivals > 0),
    received_at      timestamptz NOT NULL DEFAULT now(),
    last_at          timestamptz NOT NULL DEFAULT now(),
    -- The same content sent again is one conflict that came twice, not two to decide.
    UNIQUE (institution_id, sop_instance_uid, dataset_sha256),
    CHECK ((reason = 'other_content') = (instance_id IS NOT NULL)),
    FOREIGN KEY (institution_id, instance_id) REFERENCES instances (institution_id, id)
);

-- Row-level security: a row is there only for a transaction that acts for its institution. FORCE binds the owner too,
-- so that a process that works with the owner's connection by mistake sees nothing rather than everything.
ALTER TABLE patients  ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE studies   ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE series    ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE instances ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE conflicts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- (SELECT …) is evaluated once per query; the bare function would be called for every row.
-- Without WITH CHECK the same condition holds for new rows: nobody writes into an institution that they cannot see.
CREATE POLICY own_institution ON patients  USING (institution_id = ANY ((SELECT acting_institutions())::integer[]));
CREATE POLICY own_institution ON studies   USING (institution_id = ANY ((SELECT acting_institutions())::integer[]));
CREATE POLICY own_institution ON series    USING (institution_id = ANY ((SELECT acting_institutions())::integer[]));
CREATE POLICY own_institution ON instances USING (institution_id = ANY ((SELECT acting_institutions())::integer[]));
CREATE POLICY own_institution ON conflicts USING (institution_id = ANY ((SELECT acting_institutions())::integer[]));

-- Nothing that arrived can be deleted by the processes.
GRANT SELECT, INSERT, UPDATE ON patients, studies, series, instances, conflicts TO farview_app;
