-- Who there is, who is signed in, who guessed wrong, and who changed what.

-- Finds a piece of a name among a hundred thousand. A trusted extension: the owner of the database may make it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    username      text COLLATE "C" NOT NULL CHECK (octet_length(username) BETWEEN 1 AND 255),
    email         text CHECK (octet_length(email) <= 254),
    full_name     text CHECK (char_length(full_name) BETWEEN 1 AND 100),
    -- Null: signs in elsewhere.
    password_hash text,
    role          text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'moderator', 'service', 'admin')),
    is_active     boolean NOT NULL DEFAULT true,
    telegram_id   bigint,
    -- Tokens carry the generation they were issued in. A new one ends them all.
    generation    integer NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at    timestamptz,
    -- What a search looks through, in one column, so that one comparison a row is enough.
    searched      text COLLATE "C" NOT NULL GENERATED ALWAYS AS
                  (lower(username COLLATE "default" || E'\n' || coalesce(email, '') || E'\n' || coalesce(full_name, ''))) STORED
);

-- Among the living: the name of somebody who has left can be taken again.
CREATE UNIQUE INDEX users_username ON users (username) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_email ON users (lower(email)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_telegram_id ON users (telegram_id) WHERE deleted_at IS NULL;

-- One for each order of the list, with the id behind it so that equal values have an order too, and with what a search
-- looks through: an index is read in a third of the time of the table.
CREATE INDEX users_by_created_at ON users (created_at, id) INCLUDE (searched) WHERE deleted_at IS NULL;
CREATE INDEX users_by_updated_at ON users (updated_at, id) INCLUDE (searched) WHERE deleted_at IS NULL;
CREATE INDEX users_by_username ON users (username, id) INCLUDE (searched) WHERE deleted_at IS NULL;
CREATE INDEX users_by_email ON users (email COLLATE "C", id) INCLUDE (searched) WHERE deleted_at IS NULL;
CREATE INDEX users_by_full_name ON users (full_name COLLATE "C", id) INCLUDE (searched) WHERE deleted_at IS NULL;
CREATE INDEX users_by_role ON users (role COLLATE "C", id) INCLUDE (searched) WHERE deleted_at IS NULL;
CREATE INDEX users_search ON users USING gin (searched gin_trgm_ops) WHERE deleted_at IS NULL;

-- A session begins with a login and lives as long as its refresh tokens are exchanged.
CREATE TABLE sessions (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Of one that has ended: when nothing that it issued can be valid any more, and its row may go.
    expires_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    -- When the last access token that it issued expires. A worker that does not say it may have issued the longest.
    access_ends_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '1 day',
    -- How many exchanges there were lately: each adds one, and time takes them away again.
    exchanges      double precision NOT NULL DEFAULT 0,
    exchanged_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sessions_of_user ON sessions (user_id, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Only digests are kept. Who repeats an exchange because its answer was lost gets the same answer: the new token
-- is the HMAC of the old one, which the client has, and the nonce, which is here alone.
CREATE TABLE refresh_tokens (
    digest          bytea PRIMARY KEY,
    session_id      uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at         timestamptz,
    successor_nonce bytea,
    -- The access token that was handed out with the successor.
    access_id       uuid
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- What ended before its time. Workers keep the unexpired ones in memory. The id is that of a session or of a
-- single token, or of a user; then every generation before the one named has ended.
CREATE TABLE revocations (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL,
    generation     integer,
    -- Which transaction wrote it. Workers ask for what transactions wrote that were not over when they asked before:
    -- moments would not do, since a transaction may commit after a later one, and a clock may be set back.
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    revoked_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When the token has expired that it ends.
    expires_at     timestamptz NOT NULL
);
CREATE INDEX revocations_by_transaction ON revocations (transaction_id, id);
CREATE INDEX revocations_by_expiry ON revocations (expires_at);
CREATE INDEX revocations_of_user ON revocations (user_id) WHERE generation IS NULL;

-- Wrong passwords by account and by address, as long as they matter.
CREATE TABLE login_failures (
    subject       text COLLATE "C" PRIMARY KEY,
    failures      double precision NOT NULL,
    failed_at     timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);
CREATE INDEX login_failures_by_time ON login_failures (failed_at);

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

GRANT SELECT, INSERT, UPDATE ON users, sessions, refresh_tokens, revocations, login_failures TO tuckshop_app;
GRANT DELETE ON sessions, refresh_tokens, revocations, login_failures TO tuckshop_app;
GRANT SELECT, INSERT ON audit TO tuckshop_app;
