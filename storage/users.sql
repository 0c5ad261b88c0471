-- name: create
-- No row means that the login is taken.
INSERT INTO users (login, login_key, password_hash, must_change_password)
VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
RETURNING id, login, must_change_password;

-- name: find_by_login
SELECT id, login, must_change_password, password_hash FROM users WHERE login_key = $1;

-- name: find_by_id
SELECT id, login, must_change_password, password_hash FROM users WHERE id = $1;

-- name: set_password
UPDATE users SET password_hash = $2, must_change_password = $3 WHERE id = $1;

-- name: create_first
-- No row means that there is a first account already, or that somebody took its login.
INSERT INTO users (login, login_key, password_hash, must_change_password, first)
VALUES ($1, $2, $3, $4, true)
    ON CONFLICT DO NOTHING
RETURNING id;

-- name: find_first
SELECT id, login, must_change_password, password_hash FROM users WHERE first;

-- name: grant
INSERT INTO memberships (user_id, institution_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: revoke
DELETE FROM memberships WHERE user_id = $1 AND institution_id = $2 AND role = $3;

-- name: count_attempt
-- Counted before the password is compared, so that a hundred guesses at once are still five. The fifth locks at once;
-- the right password clears the row. No row as answer: locked.
INSERT INTO sign_in_attempts AS attempts (login_sha256, failures, locked_until, last_at)
VALUES ($1, 1, NULL, $2)
    ON CONFLICT (login_sha256) DO UPDATE
   SET failures = CASE WHEN attempts.locked_until IS NULL THEN attempts.failures + 1 ELSE 1 END,
       locked_until = CASE WHEN attempts.locked_until IS NULL AND attempts.failures + 1 >= $3
                           THEN $2 + $4::interval END,
       last_at = $2
 WHERE attempts.locked_until IS NULL OR attempts.locked_until <= $2
RETURNING failures;

-- name: clear_attempts
DELETE FROM sign_in_attempts WHERE login_sha256 = $1;

-- name: forget_old_attempts
-- Logins that nobody has tried for a day; whoever guesses logins cannot fill the table.
DELETE FROM sign_in_attempts WHERE last_at < $1;
