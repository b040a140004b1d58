-- The second factor of admins: codes that a phone computes, and recovery codes for the day on which the phone is lost.

-- A factor counts from its first right code on. The secret has to be readable, because each code is computed from it.
CREATE TABLE second_factors (
    user_id      uuid PRIMARY KEY REFERENCES users,
    secret       bytea NOT NULL CHECK (octet_length(secret) = 20),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Null: no code has confirmed yet that a phone has the secret.
    confirmed_at timestamptz,
    -- The half minute (since 1970) of the last code that was used. No code of it or of an earlier one is accepted again.
    last_step    bigint NOT NULL DEFAULT 0
);

-- Only digests are kept. A code is deleted when it is used.
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES second_factors ON DELETE CASCADE,
    digest  bytea NOT NULL,
    PRIMARY KEY (user_id, digest)
);

-- No other pool signs anybody in.
GRANT SELECT, INSERT, UPDATE, DELETE ON second_factors TO tuckshop_auth;
GRANT SELECT, INSERT, DELETE ON recovery_codes TO tuckshop_auth;
