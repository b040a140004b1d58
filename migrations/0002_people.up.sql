-- Users, their sessions, failed logins, and the audit trail.

-- Finds a part of a name among a hundred thousand. It is a trusted extension, so the database's owner may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    username      text COLLATE "C" NOT NULL CHECK (octet_length(username) BETWEEN 1 AND 255),
    email         text CHECK (octet_length(email) <= 254),
    full_name     text CHECK (char_length(full_name) BETWEEN 1 AND 100),
    -- Null: the user signs in elsewhere.
    password_hash text,
    role          text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'moderator', 'service', 'admin')),
    is_active     boolean NOT NULL DEFAULT true,
    -- A token carries the generation in which it was issued. A new generation ends all earlier tokens.
    generation    integer NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at    timestamptz,
    -- Name, address and full name in one column, so that a search compares once a row.
    searched      text COLLATE "C" NOT NULL GENERATED ALWAYS AS
                  (lower(username COLLATE "default" || E'\n' || coalesce(email, '') || E'\n' || coalesce(full_name, ''))) STORED
);

-- Only among users who are not deleted: the name of a user who has left can be taken again.
CREATE UNIQUE INDEX users_username ON users (username) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_email ON users (lower(email)) WHERE deleted_at IS NULL;

-- One index for each order of the list. The id gives equal values an order. The columns of its filters are included,
-- because reading an index takes a third of the time of reading the table.
CREATE INDEX users_by_created_at ON users (created_at, id) INCLUDE (searched, role, is_active) WHERE deleted_at IS NULL;
CREATE INDEX users_by_updated_at ON users (updated_at, id) INCLUDE (searched, role, is_active) WHERE deleted_at IS NULL;
CREATE INDEX users_by_username ON users (username, id) INCLUDE (searched, role, is_active) WHERE deleted_at IS NULL;
CREATE INDEX users_by_email ON users (email COLLATE "C", id) INCLUDE (searched, role, is_active) WHERE deleted_at IS NULL;
CREATE INDEX users_by_full_name ON users (full_name COLLATE "C", id) INCLUDE (searched, role, is_active) WHERE deleted_at IS NULL;
CREATE INDEX users_by_role ON users (role COLLATE "C", id) INCLUDE (searched, is_active) WHERE deleted_at IS NULL;
CREATE INDEX users_search ON users USING gin (searched gin_trgm_ops) WHERE deleted_at IS NULL;

-- People who sign in elsewhere: the issuer and its own key for the person, never a name. Identities of deleted users stay,
-- so that nobody comes back as a new user.
CREATE TABLE identities (
    issuer    text COLLATE "C" NOT NULL CHECK (octet_length(issuer) BETWEEN 1 AND 255),
    subject   text COLLATE "C" NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 255),
    user_id   uuid NOT NULL REFERENCES users,
    -- Among the identities of this user.
    number    integer NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (issuer, subject),
    CONSTRAINT identities_of_user UNIQUE (user_id, number)
);

-- A session begins with a login and lives as long as its refresh tokens are exchanged.
CREATE TABLE sessions (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- For the list in which a user recognizes their own sessions.
    address        text,
    user_agent     text CHECK (octet_length(user_agent) <= 255),
    -- When the last token of an ended session has expired, and the row may go.
    expires_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    -- When the last access token of the session expires. The default is the longest possible.
    access_ends_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '1 day',
    -- The number of recent exchanges: each exchange adds one, and the number decays with time.
    exchanges      double precision NOT NULL DEFAULT 0,
    exchanged_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sessions_of_user ON sessions (user_id, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Only digests are kept. A client that lost an answer and repeats the exchange gets the same answer again: the new token
-- is an HMAC of the old one, which the client has, and the nonce, which only this table has.
CREATE TABLE refresh_tokens (
    digest          bytea PRIMARY KEY,
    session_id      uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at         timestamptz,
    successor_nonce bytea,
    -- The access token that was issued with the successor.
    access_id       uuid
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- Sessions and tokens that ended early. Workers keep the unexpired rows in memory. The id names a session, a single
-- token, or a user; for a user, every generation before the given one has ended.
CREATE TABLE revocations (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL,
    generation     integer,
    -- The transaction that wrote the row. Workers ask for the rows of transactions that were still open the last time.
    -- Moments would not do: a transaction may commit after a later one, and a clock may be set back.
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    revoked_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When the token that this row ends has expired.
    expires_at     timestamptz NOT NULL
);
CREATE INDEX revocations_by_transaction ON revocations (transaction_id, id);
CREATE INDEX revocations_by_expiry ON revocations (expires_at);
CREATE INDEX revocations_of_user ON revocations (user_id);

-- Wrong passwords by account, by network and by both, kept as long as they matter.
CREATE TABLE login_failures (
    subject       text COLLATE "C" PRIMARY KEY,
    failures      double precision NOT NULL,
    failed_at     timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);
CREATE INDEX login_failures_by_time ON login_failures (failed_at);

-- The networks from which a user signed in lately, a few for each user. Wrong guesses from elsewhere do not delay them
-- there.
CREATE TABLE known_networks (
    user_id uuid NOT NULL REFERENCES users,
    network text COLLATE "C" NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, network)
);
CREATE INDEX known_networks_by_time ON known_networks (seen_at);

CREATE TABLE audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Null: the command line.
    actor_id   uuid,
    actor      text NOT NULL,
    action     text NOT NULL,
    subject_id text NOT NULL,
    before     jsonb,
    after      jsonb,
    reason     text,
    request_id text
);
CREATE INDEX audit_of_subject ON audit (subject_id, id);
CREATE INDEX audit_by_actor ON audit (actor_id, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT, UPDATE ON users, identities, sessions, refresh_tokens, revocations, login_failures TO tuckshop_app;
GRANT DELETE ON sessions, refresh_tokens, revocations, login_failures TO tuckshop_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON known_networks TO tuckshop_app;
GRANT SELECT, INSERT ON audit TO tuckshop_app;
