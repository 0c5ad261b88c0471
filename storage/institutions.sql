-- name: find_one
SELECT id, name FROM institutions WHERE lower(name) = lower($1);

-- name: create
-- No row means that somebody else made it first.
INSERT INTO institutions (name) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id, name;

-- name: let_first_account_read
-- The first account reads every institution and sees how the processes are, so that whoever installed the house sees
-- what arrives in it and what keeps it from working. Roles grow with the reading room; the three administrators, whom
-- nobody may hold together, come with it and end this rule.
INSERT INTO memberships (user_id, institution_id, role)
SELECT users.id, institutions.id, roles.role
  FROM users CROSS JOIN institutions CROSS JOIN (VALUES ('reader'), ('system')) AS roles (role)
 WHERE users.first
    ON CONFLICT DO NOTHING;

-- name: find_all
SELECT id, name FROM institutions ORDER BY lower(name);

-- name: of_ae_title
SELECT institution_id FROM ae_titles WHERE ae_title = $1;

-- name: assign_ae_title
INSERT INTO ae_titles (ae_title, institution_id) VALUES ($1, $2)
    ON CONFLICT (ae_title) DO UPDATE SET institution_id = excluded.institution_id;
