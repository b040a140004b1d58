-- How people join and are known: identities that are linked later, invitations, links to a new password, and proofs that
-- are used once.
--
-- Invitations and links are kept as digests, and work only as long as their maker is an admin.

-- ---- identities

-- An admin links an identity to a user; so does the user, after signing in as both. Null if there is no such user.
CREATE FUNCTION link_identity(_actor uuid, _user uuid, _issuer text, _subject text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _number integer;
BEGIN
    IF _actor IS DISTINCT FROM _user THEN PERFORM require_admin(_actor); END IF;
    -- One change of a user's identities at a time, because each takes the next number.
    PERFORM FROM users u WHERE u.id = _user AND u.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN RETURN NULL; END IF;
    INSERT INTO identities (issuer, subject, user_id, number)
    SELECT _issuer, _subject, _user, coalesce(max(i.number), 0) + 1 FROM identities i WHERE i.user_id = _user
    RETURNING number INTO _number;
    RETURN _number;
END $$;

-- The user's identity of this number, if there is one.
CREATE FUNCTION unlink_identity(_actor uuid, _user uuid, _number integer) RETURNS SETOF identities
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_admin(_actor);
    RETURN QUERY DELETE FROM identities i WHERE i.user_id = _user AND i.number = _number RETURNING i.*;
END $$;

-- The provider of a user's identity describes them at each sign-in. Null leaves a value as it is.
CREATE FUNCTION refresh_person(_issuer text, _subject text, _id uuid, _email text, _full_name text, _role text) RETURNS users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _person users;
BEGIN
    UPDATE users u SET email = coalesce(_email, u.email), full_name = coalesce(_full_name, u.full_name),
        role = coalesce(_role, u.role), updated_at = clock_timestamp()
    WHERE u.id = _id AND u.deleted_at IS NULL
        AND EXISTS (SELECT FROM identities i WHERE i.issuer = _issuer AND i.subject = _subject AND i.user_id = _id)
    RETURNING * INTO _person;
    RETURN _person;
END $$;

-- ---- invitations

CREATE TABLE invitations (
    id         uuid PRIMARY KEY,
    digest     bytea NOT NULL UNIQUE,
    -- Null: whoever has the link may choose an address.
    email      text CHECK (octet_length(email) <= 254),
    role       text NOT NULL CHECK (role IN ('user', 'moderator', 'service', 'admin')),
    -- Null: the command line.
    created_by uuid REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    used_by    uuid REFERENCES users,
    -- When it was used or ended.
    closed_at  timestamptz
);

-- Whether this user, or the command line, could make invitations and links now.
CREATE FUNCTION still_admits(_maker uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN _maker IS NULL OR EXISTS (
        SELECT FROM users u WHERE u.id = _maker AND u.role = 'admin' AND u.is_active AND u.deleted_at IS NULL);
END $$;

CREATE FUNCTION invite(_actor uuid, _id uuid, _digest bytea, _email text, _role text, _seconds bigint) RETURNS invitations
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _invitation invitations;
BEGIN
    PERFORM require_admin(_actor);
    INSERT INTO invitations (id, digest, email, role, created_by, expires_at)
    VALUES (_id, _digest, _email, _role, _actor, clock_timestamp() + make_interval(secs => _seconds))
    RETURNING * INTO _invitation;
    RETURN _invitation;
END $$;

-- Null if there is no such invitation, or if it is closed already.
CREATE FUNCTION end_invitation(_actor uuid, _id uuid) RETURNS invitations
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _invitation invitations;
BEGIN
    PERFORM require_admin(_actor);
    UPDATE invitations i SET closed_at = clock_timestamp() WHERE i.id = _id AND i.closed_at IS NULL
    RETURNING * INTO _invitation;
    RETURN _invitation;
END $$;

-- Adds a user by an invitation, with the role that it gives. No row if the invitation does not let them in.
CREATE FUNCTION register_invited(_digest bytea, _id uuid, _username text, _email text, _full_name text,
    _password_hash text, _welcome uuid) RETURNS SETOF users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _invitation invitations;
BEGIN
    SELECT i.* INTO _invitation FROM invitations i WHERE i.digest = _digest FOR UPDATE;
    IF _invitation.closed_at IS NULL AND _invitation.expires_at > clock_timestamp()
        AND lower(coalesce(_invitation.email, _email)) = lower(_email) AND still_admits(_invitation.created_by)
    THEN
        RETURN NEXT add_person(_id, _username, _email, _full_name, _password_hash, _invitation.role, true, _welcome);
        UPDATE invitations i SET used_by = _id, closed_at = clock_timestamp() WHERE i.id = _invitation.id;
    END IF;
END $$;

-- ---- links to a new password

CREATE TABLE password_resets (
    user_id    uuid PRIMARY KEY REFERENCES users,
    digest     bytea NOT NULL UNIQUE,
    -- Null: the command line.
    created_by uuid REFERENCES users,
    expires_at timestamptz NOT NULL
);

-- A new link replaces the one before it. Returns when it expires.
CREATE FUNCTION offer_reset(_actor uuid, _user uuid, _digest bytea, _seconds bigint) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _until timestamptz := clock_timestamp() + make_interval(secs => _seconds);
BEGIN
    PERFORM require_admin(_actor);
    INSERT INTO password_resets AS r (user_id, digest, created_by, expires_at) VALUES (_user, _digest, _actor, _until)
    ON CONFLICT (user_id) DO UPDATE SET digest = EXCLUDED.digest, created_by = EXCLUDED.created_by,
        expires_at = EXCLUDED.expires_at;
    RETURN _until;
END $$;

-- Null unless the link is good; then it has been used.
CREATE FUNCTION take_reset(_digest bytea, _password_hash text) RETURNS users
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _user   uuid;
    _person users;
BEGIN
    DELETE FROM password_resets r
    WHERE r.digest = _digest AND r.expires_at > clock_timestamp() AND still_admits(r.created_by)
    RETURNING r.user_id INTO _user;
    UPDATE users u SET password_hash = _password_hash, updated_at = clock_timestamp()
    WHERE u.id = _user AND u.deleted_at IS NULL RETURNING * INTO _person;
    RETURN _person;
END $$;

-- A new password makes an older link worthless, whoever sets it.
CREATE FUNCTION end_reset() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM password_resets r WHERE r.user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER users_end_reset AFTER UPDATE OF password_hash ON users
    FOR EACH ROW WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash) EXECUTE FUNCTION end_reset();

-- ---- proofs that are used once

-- The state of a sign-in through a provider, until it has expired by itself.
CREATE TABLE spent_proofs (
    digest     bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX spent_proofs_by_expiry ON spent_proofs (expires_at);

-- ---- rights

GRANT SELECT ON invitations, password_resets TO tuckshop_auth;
GRANT SELECT, INSERT ON spent_proofs TO tuckshop_auth;
GRANT SELECT, DELETE ON spent_proofs TO tuckshop_ops;
GRANT EXECUTE ON FUNCTION link_identity, unlink_identity, refresh_person, invite, end_invitation, register_invited,
    offer_reset, take_reset, still_admits TO tuckshop_auth;
