-- Headers are derived from the stored bytes; what an earlier version has read is read again (storage/rereading.py).
-- The index finds those rows without looking at every other one whenever the service starts.
CREATE INDEX instances_by_header_version ON instances (((header ->> 'version')::integer));
