-- name: find
SELECT settings FROM preferences WHERE user_id = $1;

-- name: save
INSERT INTO preferences (user_id, settings) VALUES ($1, $2)
    ON CONFLICT (user_id) DO UPDATE SET settings = excluded.settings, changed_at = now();
