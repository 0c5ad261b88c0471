-- name: find
-- One row per role in an institution, and one without institution for a user who has none. No row: no such session,
-- or it has ended by itself.
SELECT users.id AS user_id, users.login, users.must_change_password, sessions.used_at,
       institutions.id AS institution_id, institutions.name AS institution, memberships.role
  FROM sessions
  JOIN users ON users.id = sessions.user_id
  LEFT JOIN memberships ON memberships.user_id = users.id
  LEFT JOIN institutions ON institutions.id = memberships.institution_id
 WHERE sessions.token_sha256 = $1 AND sessions.created_at > $2 AND sessions.used_at > $3
 ORDER BY lower(institutions.name), memberships.role;

-- name: touch
UPDATE sessions SET used_at = greatest(used_at, $2) WHERE token_sha256 = $1;
