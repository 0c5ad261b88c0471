-- The application role, and the institutions that own every other row.
--
-- Everything here belongs to the role that migrates (farview_owner in our own PostgreSQL, the role of
-- FARVIEW_DATABASE_URL elsewhere). The processes work as farview_app, which owns nothing and bypasses nothing,
-- so that row-level security holds for them whatever a query forgets.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'farview_app') THEN
        CREATE ROLE farview_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'farview_app' AND (rolsuper OR rolbypassrls)) THEN
        RAISE EXCEPTION 'the role farview_app may not be a superuser and may not bypass row-level security';
    END IF;
    -- A managed database often lets one role log in; it then becomes farview_app by SET ROLE.
    IF NOT pg_has_role(current_user, 'farview_app', 'MEMBER') THEN
        EXECUTE format('GRANT farview_app TO %I', current_user);
    END IF;
END
$$;

GRANT USAGE ON SCHEMA farview TO farview_app;

CREATE TABLE institutions (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- An institution without a name, or with a blank around it, would look like another one in every list.
    name       text NOT NULL CHECK (name <> '' AND name = btrim(name)),
    created_at timestamptz NOT NULL DEFAULT now()
);
-- "City Hospital" and "city hospital" are one institution: two would split a patient's studies by a typing slip.
CREATE UNIQUE INDEX institutions_name ON institutions (lower(name));

-- Which institution owns what a calling modality sends.
CREATE TABLE ae_titles (
    -- One sender has one owner; two rows would let chance choose where a study goes. PS3.5 6.2: at most 16 characters.
    ae_title       text PRIMARY KEY CHECK (ae_title <> '' AND length(ae_title) <= 16 AND ae_title = btrim(ae_title)),
    institution_id integer NOT NULL REFERENCES institutions
);

-- The institutions that this transaction acts for, as Database.acting set them; none when nothing was set.
CREATE FUNCTION acting_institutions() RETURNS integer[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT string_to_array(current_setting('farview.institutions', true), ',')::integer[] $$;

GRANT SELECT, INSERT ON institutions TO farview_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ae_titles TO farview_app;
