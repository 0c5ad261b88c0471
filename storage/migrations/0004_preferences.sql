-- What somebody has set for themselves: keys, gestures, how the page looks. The page knows what the names mean.

CREATE TABLE preferences (
    -- One row per account; a second one would hide what was set.
    user_id    integer PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- An object of a few kilobytes: anything larger is not a setting, and would be read at every sign-in.
    settings   jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object' AND octet_length(settings::text) <= 32768),
    changed_at timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT, UPDATE ON preferences TO farview_app;
