-- name: open
INSERT INTO sessions (token_sha256, user_id, created_at, used_at) VALUES ($1, $2, $3, $3);

-- name: forget_old
-- Sessions that ended by themselves, of anybody.
DELETE FROM sessions WHERE created_at <= $1 OR used_at <= $2;

-- name: end
DELETE FROM sessions WHERE token_sha256 = $1;

-- name: end_of_user
DELETE FROM sessions WHERE user_id = $1 AND token_sha256 IS DISTINCT FROM $2;
