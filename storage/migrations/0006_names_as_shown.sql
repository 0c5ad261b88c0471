-- A name is found as the page shows it, too: 王小东 for 王^小东, wangxiaodong for Wang^XiaoDong.
ALTER TABLE studies DROP COLUMN search;
ALTER TABLE studies ADD COLUMN search text NOT NULL GENERATED ALWAYS AS
    (lower(translate(normalize(patient_name, NFKC), '^=', '  ') || chr(10) ||
           translate(normalize(patient_name, NFKC), '=^ ', ' ') || chr(10) ||
           normalize(accession, NFKC) || chr(10) || normalize(description, NFKC))) STORED;
