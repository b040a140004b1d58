-- Who may do what: one role for each pool of workers. What a pool is not for, it cannot do, whatever statement somebody
-- might smuggle into one of its requests.
--
-- tuckshop_app serves the shop. It reads no password's hash, changes nobody, mints no coin, and moves goods and stock
-- only on behalf of somebody of whom the database says that they may. tuckshop_auth signs people in, and lets them in and
-- out. tuckshop_ops keeps house. Whoever works at the machine itself signs in as tuckshop_owner, who may do everything.

-- ---- what the owner settles

-- `tuckshop migrate up` writes it. A worker that could choose how many coins a newcomer gets could mint.
CREATE TABLE settings (
    id                    integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    welcome_coins         bigint NOT NULL DEFAULT 0 CHECK (welcome_coins BETWEEN 0 AND 1000000000),
    -- For load tests: everybody with a Telegram id may do what a service may.
    believes_telegram_ids boolean NOT NULL DEFAULT false
);
INSERT INTO settings DEFAULT VALUES;

-- ---- who acts

CREATE FUNCTION is_owner() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN pg_has_role(session_user, current_user, 'MEMBER');
END $$;

-- An error unless the user who acts has one of these roles at this moment. A token says what was so when it was signed.
CREATE FUNCTION require_role(_actor uuid, VARIADIC _roles text[]) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM users u WHERE u.id = _actor AND u.is_active AND u.deleted_at IS NULL AND (u.role = ANY (_roles)
            OR 'service' = ANY (_roles) AND u.telegram_id IS NOT NULL AND (SELECT s.believes_telegram_ids FROM settings s))
    ) OR is_owner() THEN RETURN; END IF;
    RAISE EXCEPTION 'the user who acts may not do this' USING ERRCODE = 'TS403';
END $$;

-- Admins change people. As long as there is none, somebody has to appoint the first.
CREATE FUNCTION require_admin(_actor uuid) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _actor IS NULL AND NOT EXISTS (
        SELECT FROM users u WHERE u.role = 'admin' AND u.is_active AND u.deleted_at IS NULL
    ) THEN RETURN; END IF;
    PERFORM require_role(_actor, 'admin');
END $$;

-- ---- people

-- Under this key somebody's welcome is kept, so that nobody gets a second one.
CREATE FUNCTION welcome_key() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '77656c63-6f6d-8500-8000-000000000000'::uuid;

-- The coins of somebody new. An operation's id ends with sixteen bits of zero.
CREATE FUNCTION welcome(_person uuid, _operation uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _coins bigint := (SELECT s.welcome_coins FROM settings s);
BEGIN
    IF _coins > 0 THEN
        PERFORM FROM grant_coins((left(_operation::text, 32) || '0000')::uuid, _person, welcome_key(), NULL, NULL, _coins,
            'welcome');
    END IF;
END $$;

-- Person and welcome together, or neither. So there is no coin of welcome without somebody new, and no call that could be
-- made for somebody who is there already.
CREATE FUNCTION add_person(_id uuid, _username text, _email text, _full_name text, _password_hash text, _role text,
    _is_active boolean, _telegram_id bigint, _welcome uuid) RETURNS users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _person users;
BEGIN
    INSERT INTO users (id, username, email, full_name, password_hash, role, is_active, telegram_id)
    VALUES (_id, _username, _email, _full_name, _password_hash, _role, _is_active, _telegram_id)
    RETURNING * INTO _person;
    PERFORM welcome(_id, _welcome);
    RETURN _person;
END $$;

-- Whoever registers is an active user; only an admin makes somebody else of a newcomer.
CREATE FUNCTION register_person(_actor uuid, _id uuid, _username text, _email text, _full_name text, _password_hash text,
    _role text, _is_active boolean, _welcome uuid) RETURNS users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _actor IS NOT NULL OR _role <> 'user' OR NOT _is_active THEN PERFORM require_admin(_actor); END IF;
    RETURN add_person(_id, _username, _email, _full_name, _password_hash, _role, _is_active, NULL, _welcome);
END $$;

-- Who is named by somebody we trust has no password here, and no office.
CREATE FUNCTION provision_person(_id uuid, _username text, _email text, _full_name text, _telegram_id bigint,
    _welcome uuid) RETURNS users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN add_person(_id, _username, _email, _full_name, NULL, 'user', true, _telegram_id, _welcome);
END $$;

-- What is null stays.
CREATE FUNCTION change_person(_actor uuid, _id uuid, _username text, _email text, _full_name text, _role text,
    _is_active boolean, _password_hash text) RETURNS users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _person users;
BEGIN
    PERFORM require_admin(_actor);
    UPDATE users u SET username = coalesce(_username, u.username), email = coalesce(_email, u.email),
        full_name = coalesce(_full_name, u.full_name), role = coalesce(_role, u.role),
        is_active = coalesce(_is_active, u.is_active), password_hash = coalesce(_password_hash, u.password_hash),
        updated_at = clock_timestamp()
    WHERE u.id = _id AND u.deleted_at IS NULL RETURNING * INTO _person;
    RETURN _person;
END $$;

CREATE FUNCTION remove_person(_actor uuid, _id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_admin(_actor);
    UPDATE users u SET deleted_at = clock_timestamp() WHERE u.id = _id AND u.deleted_at IS NULL;
END $$;

-- Ends every token of somebody: each carries the generation it was issued in. Every pool may do that, since a logout does
-- it when there have been too many, and it takes nothing from anybody but a sign-in.
CREATE FUNCTION next_generation(_id uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _generation integer;
BEGIN
    UPDATE users u SET generation = u.generation + 1 WHERE u.id = _id RETURNING u.generation INTO _generation;
    RETURN _generation;
END $$;

-- ---- audit

-- The only way into it. When it was and what the actor is called is not for the caller to say. Without an actor it was
-- the command line, or a worker by itself, which is then called by its role.
CREATE FUNCTION note_change(_actor uuid, _action text, _subject text, _before jsonb, _after jsonb, _reason text,
    _request_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO audit (actor_id, actor, action, subject_id, before, after, reason, request_id)
    VALUES (_actor, CASE WHEN _actor IS NOT NULL THEN (SELECT u.username FROM users u WHERE u.id = _actor)
            WHEN is_owner() THEN 'command line' ELSE session_user END,
        _action, _subject, _before, _after, _reason, _request_id);
END $$;

-- ---- goods: what 0006 does, for those who may

CREATE FUNCTION add_items_by_service(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text, _type text,
    _section text, _lines jsonb, _comment text) RETURNS receipt
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_role(_actor, 'service', 'admin');
    RETURN add_items(_id, _owner, _key, _actor, _request_id, _type, _section, _lines, _comment);
END $$;

CREATE FUNCTION adjust_by_admin(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text, _section text,
    _lines jsonb, _reason text) RETURNS receipt
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_role(_actor, 'admin');
    RETURN adjust(_id, _owner, _key, _actor, _request_id, _section, _lines, _reason);
END $$;

CREATE FUNCTION set_stock_by_admin(_id uuid, _actor uuid, _request_id text, _item uuid, _quantity bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_role(_actor, 'admin');
    PERFORM set_stock(_id, _actor, _request_id, _item, _quantity);
END $$;

-- ---- rights

REVOKE ALL ON users, sessions, refresh_tokens, revocations, login_failures, known_networks, audit FROM tuckshop_app;
REVOKE EXECUTE ON FUNCTION grant_coins, add_items, adjust, set_stock FROM tuckshop_app;

GRANT USAGE ON SCHEMA public TO tuckshop_auth, tuckshop_ops;
GRANT SELECT ON schema_migrations TO tuckshop_auth, tuckshop_ops;
GRANT EXECUTE ON FUNCTION schema_version TO tuckshop_auth, tuckshop_ops;

GRANT SELECT (id, username, email, full_name, role, is_active, telegram_id, generation, created_at, updated_at, deleted_at,
    searched) ON users TO tuckshop_app;
GRANT SELECT, UPDATE ON sessions TO tuckshop_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens TO tuckshop_app;
GRANT SELECT, INSERT, UPDATE ON revocations TO tuckshop_app;
GRANT SELECT ON audit TO tuckshop_app;
GRANT EXECUTE ON FUNCTION provision_person, next_generation, note_change, add_items_by_service, adjust_by_admin,
    set_stock_by_admin TO tuckshop_app;

-- A hash that is out of date is written anew by whoever verified it.
GRANT SELECT, UPDATE (password_hash) ON users TO tuckshop_auth;
GRANT SELECT, INSERT, UPDATE ON sessions, revocations TO tuckshop_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens, login_failures, known_networks TO tuckshop_auth;
GRANT EXECUTE ON FUNCTION register_person, provision_person, change_person, remove_person, next_generation, note_change
    TO tuckshop_auth;

GRANT SELECT, DELETE ON sessions, refresh_tokens, revocations, login_failures, known_networks TO tuckshop_ops;
GRANT EXECUTE ON FUNCTION expire_reservation, roll_up TO tuckshop_ops;
REVOKE EXECUTE ON FUNCTION roll_up FROM tuckshop_app;
