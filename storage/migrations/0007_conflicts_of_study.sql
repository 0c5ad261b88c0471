-- Which study something came for that contradicts what is there, so that its readers are told what they do not see.
-- What came before this is known by the instance that it contradicts; of another patient's images nobody is told.
ALTER TABLE conflicts ADD COLUMN study_instance_uid text NOT NULL DEFAULT '';
CREATE INDEX conflicts_of_study ON conflicts (institution_id, study_instance_uid);
CREATE INDEX conflicts_of_instance ON conflicts (instance_id);
