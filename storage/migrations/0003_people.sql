-- Users, what they may do where, how they signed in.

CREATE TABLE users (
    id                   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login                text NOT NULL CHECK (login <> ''),
    -- NFKC and case folded. "Li", "LI" and a full-width "Ｌｉ" are one login: two accounts that look alike invite
    -- one person to work as the other.
    login_key            text NOT NULL UNIQUE CHECK (login_key <> ''),
    -- Argon2id with its salt and parameters. Anything else here would be a password in clear.
    password_hash        text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    must_change_password boolean NOT NULL,
    -- The account that the first start made. It reads every institution until an administrator decides otherwise.
    first                boolean NOT NULL DEFAULT false,
    created_at           timestamptz NOT NULL DEFAULT now()
);
-- There is one first account: two starts at the same moment must not make two.
CREATE UNIQUE INDEX users_first ON users (first) WHERE first;

-- Which role somebody has in which institution. storage/access.py says what a role may do.
CREATE TABLE memberships (
    user_id        integer NOT NULL REFERENCES users ON DELETE CASCADE,
    institution_id integer NOT NULL REFERENCES institutions,
    -- A role that access.py does not know gives nothing; a blank one would hide that.
    role           text NOT NULL CHECK (role <> ''),
    -- The same role twice would survive being taken away once.
    PRIMARY KEY (user_id, institution_id, role)
);

CREATE TABLE sessions (
    -- SHA-256 of the token. Whoever reads this table (a backup, a log) cannot sign in with it.
    token_sha256 text PRIMARY KEY CHECK (token_sha256 ~ '^[0-9a-f]{64}$'),
    user_id      integer NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    used_at      timestamptz NOT NULL,
    -- Used before it was made: a clock went back, and the session would never grow old.
    CHECK (used_at >= created_at)
);
CREATE INDEX sessions_of_user ON sessions (user_id);

-- Wrong passwords per login, known or not: an unknown login locks as a known one does, so that locking tells nobody
-- which logins exist.
CREATE TABLE sign_in_attempts (
    -- A digest, because people type their password into the login field.
    login_sha256 text PRIMARY KEY CHECK (login_sha256 ~ '^[0-9a-f]{64}$'),
    failures     integer NOT NULL CHECK (failures > 0),
    locked_until timestamptz,
    last_at      timestamptz NOT NULL
);
CREATE INDEX sign_in_attempts_old ON sign_in_attempts (last_at);

-- Whoever shows pictures to somebody listens here: the payload is the user whose access may have become smaller.
CREATE FUNCTION tell_access_changed() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('farview_access', OLD.user_id::text); RETURN NULL; END $$;
CREATE TRIGGER sessions_ended AFTER DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER memberships_ended AFTER UPDATE OR DELETE ON memberships FOR EACH ROW EXECUTE FUNCTION tell_access_changed();

GRANT SELECT, INSERT, UPDATE ON users TO farview_app;
GRANT SELECT, INSERT, DELETE ON memberships TO farview_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, sign_in_attempts TO farview_app;
