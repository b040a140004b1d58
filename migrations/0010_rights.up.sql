-- Rights: one role for each pool of workers. A pool cannot do what is not its task, whatever statement a request might
-- smuggle in.
--
-- tuckshop_app serves the shop. It reads no password hash, changes no user, mints coins only in recorded grants, and
-- moves goods and stock only for an actor whom the database knows as an admin or service. tuckshop_auth signs users in
-- and out, and changes them.
-- tuckshop_ops does the periodic cleanup. An operator at the machine itself works as tuckshop_owner, which may do
-- everything.

-- ---- settings of the owner

-- `tuckshop migrate up` writes this row. A worker that could choose the coins of a newcomer could mint.
CREATE TABLE settings (
    id                    integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    welcome_coins         bigint NOT NULL DEFAULT 0 CHECK (welcome_coins BETWEEN 0 AND 1000000000),
    -- For load tests: every user with a Telegram id has the rights of a service.
    believes_telegram_ids boolean NOT NULL DEFAULT false
);
INSERT INTO settings DEFAULT VALUES;

-- ---- the actor

CREATE FUNCTION is_owner() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN pg_has_role(session_user, current_user, 'MEMBER');
END $$;

-- Fails unless the actor has one of these roles now. A token tells only the role at the time of signing.
CREATE FUNCTION require_role(_actor uuid, VARIADIC _roles text[]) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM users u WHERE u.id = _actor AND u.is_active AND u.deleted_at IS NULL AND (u.role = ANY (_roles)
            OR 'service' = ANY (_roles) AND (SELECT s.believes_telegram_ids FROM settings s)
               AND EXISTS (SELECT FROM identities i WHERE i.user_id = _actor AND i.issuer = 'telegram'))
    ) OR is_owner() THEN RETURN; END IF;
    RAISE EXCEPTION 'the user who acts may not do this' USING ERRCODE = 'TS403';
END $$;

-- Only an admin changes users, except that the first admin has to be appointed without one.
CREATE FUNCTION require_admin(_actor uuid) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _actor IS NULL AND NOT EXISTS (
        SELECT FROM users u WHERE u.role = 'admin' AND u.is_active AND u.deleted_at IS NULL
    ) THEN RETURN; END IF;
    PERFORM require_role(_actor, 'admin');
END $$;

-- ---- people

-- The key of the welcome grant, so that no user gets a second one.
CREATE FUNCTION welcome_key() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '77656c63-6f6d-8500-8000-000000000000'::uuid;

-- Grants a new user the welcome coins. An operation's id ends with sixteen zero bits.
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

-- Adds a user together with the welcome coins, or neither. No call grants welcome coins to an existing user.
CREATE FUNCTION add_person(_id uuid, _username text, _email text, _full_name text, _password_hash text, _role text,
    _is_active boolean, _welcome uuid) RETURNS users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _person users;
BEGIN
    INSERT INTO users (id, username, email, full_name, password_hash, role, is_active)
    VALUES (_id, _username, _email, _full_name, _password_hash, _role, _is_active)
    RETURNING * INTO _person;
    PERFORM welcome(_id, _welcome);
    RETURN _person;
END $$;

-- A user who registers is active and has the role user; only an admin can choose otherwise.
CREATE FUNCTION register_person(_actor uuid, _id uuid, _username text, _email text, _full_name text, _password_hash text,
    _role text, _is_active boolean, _welcome uuid) RETURNS users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _actor IS NOT NULL OR _role <> 'user' OR NOT _is_active THEN PERFORM require_admin(_actor); END IF;
    RETURN add_person(_id, _username, _email, _full_name, _password_hash, _role, _is_active, _welcome);
END $$;

-- The welcome coins of many users who were made in this transaction, as `welcome` grants them to one. No other session
-- sees these users yet, so their purses open full, and nothing has to be locked.
CREATE FUNCTION welcome_newcomers(_people uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _coins bigint := (SELECT s.welcome_coins FROM settings s);
    _at    timestamptz := clock_timestamp();
BEGIN
    IF _coins = 0 THEN RETURN; END IF;
    INSERT INTO accounts (owner, asset, section, balance, version, moved_at)
    SELECT p.id, 1, 'main', _coins, 1, _at FROM unnest(_people) AS p (id);
    INSERT INTO operations (id, owner, kind, key, content, outcome, at, amount, note)
    SELECT (left(p.id::text, 32) || '0000')::uuid, p.id, 'grant', welcome_key(), digest_of(_coins::text, 'welcome'), 'done',
        _at, _coins, 'welcome'
    FROM unnest(_people) AS p (id);
    INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, credit_balance, credit_version, at)
    SELECT (left(p.id::text, 32) || '0000')::uuid, 1, 1, mint(), a.id, _coins, _coins, 1, _at
    FROM unnest(_people) AS p (id) JOIN purses a ON a.owner = p.id;
END $$;

-- Adds many active users at once, each with the welcome coins. A user whose name or address is taken is left out. The
-- order is the same for all sessions, so that two imports of the same people do not wait for each other. The id of a
-- user also names the welcome grant.
CREATE FUNCTION register_people(_actor uuid, _people jsonb) RETURNS SETOF users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _made uuid[];
BEGIN
    PERFORM require_admin(_actor);
    WITH made AS (
        INSERT INTO users (id, username, email, full_name, password_hash, role)
        SELECT n.id, n.username, n.email, n.full_name, n.password_hash, n.role
        FROM jsonb_to_recordset(_people)
            AS n (id uuid, username text, email text, full_name text, password_hash text, role text)
        ORDER BY lower(n.email), n.username
        ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT array_agg(m.id) INTO _made FROM made m;
    PERFORM welcome_newcomers(_made);
    RETURN QUERY SELECT u.* FROM unnest(_made) AS m (id) JOIN users u ON u.id = m.id;
END $$;

-- The first sign-in of a user from elsewhere, who has no password here, and the role user.
CREATE FUNCTION provision_person(_issuer text, _subject text, _id uuid, _username text, _email text, _full_name text,
    _welcome uuid) RETURNS users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _person users := add_person(_id, _username, _email, _full_name, NULL, 'user', true, _welcome);
BEGIN
    INSERT INTO identities (issuer, subject, user_id, number) VALUES (_issuer, _subject, _id, 1);
    RETURN _person;
END $$;

-- Null leaves a value as it is.
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

-- Users choose their own full name themselves; everything else about them is an admin's.
CREATE FUNCTION rename_oneself(_actor uuid, _full_name text) RETURNS users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _person users;
BEGIN
    UPDATE users u SET full_name = _full_name, updated_at = clock_timestamp()
    WHERE u.id = _actor AND u.is_active AND u.deleted_at IS NULL RETURNING * INTO _person;
    RETURN _person;
END $$;

CREATE FUNCTION remove_person(_actor uuid, _id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_admin(_actor);
    UPDATE users u SET deleted_at = clock_timestamp() WHERE u.id = _id AND u.deleted_at IS NULL;
END $$;

-- Ends every token of a user, because each token carries its generation. Every pool may do that: a logout does it when
-- there were too many, and the user loses nothing but a sign-in.
CREATE FUNCTION next_generation(_id uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _generation integer;
BEGIN
    UPDATE users u SET generation = u.generation + 1 WHERE u.id = _id RETURNING u.generation INTO _generation;
    RETURN _generation;
END $$;

-- ---- audit

-- The only way to write to the audit trail. The caller chooses neither the moment nor the actor's name. Without an actor
-- it was the command line, or a worker by itself, which then appears under its role.
CREATE FUNCTION note_change(_actor uuid, _action text, _subject text, _before jsonb, _after jsonb, _reason text,
    _request_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO audit (actor_id, actor, action, subject_id, before, after, reason, request_id)
    VALUES (_actor, CASE WHEN _actor IS NOT NULL THEN (SELECT u.username FROM users u WHERE u.id = _actor)
            WHEN is_owner() THEN 'command line' ELSE session_user END,
        _action, _subject, _before, _after, _reason, _request_id);
END $$;

-- ---- goods: the functions of 0007, for actors with the right role

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

CREATE FUNCTION set_stock_by_admin(_id uuid, _actor uuid, _request_id text, _item uuid, _collection uuid, _level uuid,
    _quantity bigint, _note text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_role(_actor, 'admin');
    PERFORM set_stock(_id, _actor, _request_id, _item, _collection, _level, _quantity, _note);
END $$;

CREATE FUNCTION set_variants_by_admin(_actor uuid, _item uuid, _lines jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_role(_actor, 'admin');
    PERFORM set_variants(_item, _lines);
END $$;

-- ---- classifiers

-- A collection or quality level of the shop's own, behind the present ones. False if the code is taken.
CREATE FUNCTION add_classifier_by_admin(_id uuid, _actor uuid, _classifier text, _code text, _name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_role(_actor, 'admin');
    IF _classifier NOT IN ('collection', 'quality_level') THEN
        RAISE EXCEPTION 'the classifier % is fixed', _classifier USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO classifiers (id, classifier, code, name, position)
    SELECT _id, _classifier, _code, _name, max(c.position) + 1 FROM classifiers c WHERE c.classifier = _classifier
    ON CONFLICT (classifier, parent_id, code) DO NOTHING;
    RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION add_classifier_by_admin TO tuckshop_app;

-- ---- rights

REVOKE ALL ON users, identities, sessions, refresh_tokens, revocations, login_failures, known_networks, audit FROM tuckshop_app;
REVOKE EXECUTE ON FUNCTION grant_coins, add_items, adjust, set_stock FROM tuckshop_app;

GRANT USAGE ON SCHEMA public TO tuckshop_auth, tuckshop_ops;
GRANT SELECT ON schema_migrations TO tuckshop_auth, tuckshop_ops;
GRANT EXECUTE ON FUNCTION schema_version TO tuckshop_auth, tuckshop_ops;

GRANT SELECT (id, username, email, full_name, role, is_active, generation, created_at, updated_at, deleted_at, searched)
    ON users TO tuckshop_app;
GRANT SELECT ON identities TO tuckshop_app, tuckshop_auth;
GRANT SELECT, UPDATE ON sessions TO tuckshop_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens TO tuckshop_app;
GRANT SELECT, INSERT, UPDATE ON revocations TO tuckshop_app;
GRANT SELECT ON audit TO tuckshop_app;
GRANT EXECUTE ON FUNCTION provision_person, next_generation, note_change, add_items_by_service, adjust_by_admin,
    set_stock_by_admin, set_variants_by_admin TO tuckshop_app;

-- The worker that verified an outdated hash writes a new one.
GRANT SELECT, UPDATE (password_hash) ON users TO tuckshop_auth;
GRANT SELECT, INSERT, UPDATE ON sessions, revocations TO tuckshop_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens, login_failures, known_networks TO tuckshop_auth;
GRANT EXECUTE ON FUNCTION register_person, provision_person, register_people, change_person, rename_oneself,
    remove_person, next_generation, note_change TO tuckshop_auth;

GRANT SELECT, DELETE ON sessions, refresh_tokens, revocations, login_failures, known_networks TO tuckshop_ops;
GRANT EXECUTE ON FUNCTION expire_reservation, roll_up TO tuckshop_ops;
REVOKE EXECUTE ON FUNCTION roll_up FROM tuckshop_app;
