-- Coins for many users under one name. A grant is recorded whole, in milliseconds, and given in batches. Each batch moves
-- the grant's place in its own transaction, so a crash loses nothing and nobody is paid twice.

CREATE TABLE grants (
    -- The order of the list.
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text COLLATE "C" NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 255),
    reason       text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    -- Null: the recipients get different amounts.
    amount       bigint CHECK (amount BETWEEN 1 AND 1000000000),
    to_everybody boolean NOT NULL,
    -- Of its operations. The ledger remembers by it who got what.
    key          uuid NOT NULL,
    -- Digest of the request.
    content      bytea NOT NULL,
    status       text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done')),
    -- The number of recipients and the sum of their amounts.
    total        bigint NOT NULL,
    total_coins  bigint NOT NULL,
    done         bigint NOT NULL DEFAULT 0,
    refused      bigint NOT NULL DEFAULT 0,
    -- The last recipient of the last batch. Batches follow the order of ids.
    last_owner   uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    -- A grant to everybody is for those who had an account by then.
    until        timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Null: the command line.
    created_by   uuid,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at  timestamptz,
    request_id   text
);
CREATE INDEX grants_running ON grants (id) WHERE status = 'running';

-- The recipients of a grant to a list. No foreign keys: their checks would take longer than the rows.
CREATE TABLE grant_shares (
    grant_id bigint NOT NULL,
    owner    uuid NOT NULL,
    amount   bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000),
    PRIMARY KEY (grant_id, owner)
);

-- The recipients of a grant to everybody: counted and read from the index alone.
CREATE INDEX users_granted ON users (id) INCLUDE (created_at)
    WHERE deleted_at IS NULL AND is_active AND role <> 'service';

-- The active users of these names, in the same places; null where there is none.
CREATE FUNCTION recipients_of(_usernames text[]) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array_agg((SELECT u.id FROM users u WHERE u.username = n.name AND u.deleted_at IS NULL AND u.is_active)
        ORDER BY n.place)
    FROM unnest(_usernames) WITH ORDINALITY AS n (name, place)
$$;

-- Records a grant, or only says what it would give. No usernames: everybody gets the first amount. The same name and
-- content again is a replay; other content is refused. The key follows from the name, so that no caller can choose it.
CREATE FUNCTION make_grant(_actor uuid, _request_id text, _name text, _reason text, _usernames text[], _amounts bigint[],
    _is_rehearsal boolean, OUT outcome text, OUT replayed boolean, OUT people bigint, OUT coins bigint, OUT wrong integer[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _digest  bytea := sha256(convert_to('grant ' || _name, 'UTF8'));
    _content bytea := CASE WHEN _usernames IS NULL THEN digest_of(_reason, 'all', _amounts[1]::text)
        ELSE digest_of(_reason, 'list', (
            SELECT string_agg(l.username || chr(31) || l.amount, chr(30) ORDER BY l.username COLLATE "C")
            FROM unnest(_usernames, _amounts) AS l (username, amount))) END;
    _owners  uuid[];
    _grant   bigint;
BEGIN
    PERFORM require_role(_actor, 'admin');
    outcome := 'done';
    people := 0;
    coins := 0;
    SELECT CASE WHEN g.content = _content THEN 'done' ELSE 'grant_exists' END INTO outcome FROM grants g WHERE g.name = _name;
    replayed := FOUND;
    IF replayed THEN RETURN; END IF;
    outcome := 'done';

    IF _usernames IS NULL THEN
        people := (SELECT count(*) FROM users u WHERE u.deleted_at IS NULL AND u.is_active AND u.role <> 'service');
        coins := people * _amounts[1];
    ELSE
        _owners := recipients_of(_usernames);
        wrong := ARRAY(
            SELECT o.place FROM unnest(_owners) WITH ORDINALITY AS o (owner, place) WHERE o.owner IS NULL
            ORDER BY o.place LIMIT 100);
        IF cardinality(wrong) > 0 THEN
            outcome := 'unknown_recipients';
            RETURN;
        END IF;
        people := coalesce(cardinality(_owners), 0);
        coins := (SELECT coalesce(sum(a), 0) FROM unnest(_amounts) a);
    END IF;
    IF _is_rehearsal THEN RETURN; END IF;

    INSERT INTO grants (name, reason, amount, to_everybody, key, content, total, total_coins, created_by, request_id)
    VALUES (_name, _reason, (SELECT min(a) FROM unnest(_amounts) a HAVING min(a) = max(a)), _usernames IS NULL,
        -- A UUID of version 8, as workers make one of a text.
        encode(set_byte(set_byte(substring(_digest FOR 16), 6, get_byte(_digest, 6) & 15 | 128),
            8, get_byte(_digest, 8) & 63 | 128), 'hex')::uuid,
        _content, people, coins, _actor, _request_id)
    ON CONFLICT (name) DO NOTHING RETURNING id INTO _grant;
    IF NOT FOUND THEN
        -- Another session made it meanwhile.
        SELECT m.* INTO outcome, replayed, people, coins, wrong
        FROM make_grant(_actor, _request_id, _name, _reason, _usernames, _amounts, _is_rehearsal) m;
        RETURN;
    END IF;
    INSERT INTO grant_shares (grant_id, owner, amount)
    SELECT _grant, s.owner, s.amount FROM unnest(_owners, _amounts) AS s (owner, amount)
    WHERE _usernames IS NOT NULL ORDER BY s.owner;
END $$;

-- The users behind the grant's last one whose turn is next, at most so many. Some are not due: users that left since, and
-- in a grant to everybody also users that came later or have the coins. These are looked up by scalar subqueries: for an
-- EXISTS, PostgreSQL may read all users or operations into a hash table, for each batch anew.
CREATE FUNCTION next_shares(_it grants, _most integer) RETURNS TABLE (owner uuid, amount bigint, is_due boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _it.to_everybody THEN
        RETURN QUERY
        SELECT u.id, _it.amount, u.created_at <= _it.until AND (
            SELECT o.id FROM operations o WHERE o.key = _it.key AND o.owner = u.id AND o.kind = 'grant') IS NULL
        FROM users u
        WHERE u.id > _it.last_owner AND u.deleted_at IS NULL AND u.is_active AND u.role <> 'service'
        ORDER BY u.id LIMIT _most;
    ELSE
        RETURN QUERY
        SELECT s.owner, s.amount, (SELECT u.deleted_at IS NULL AND u.is_active FROM users u WHERE u.id = s.owner) IS TRUE
        FROM grant_shares s WHERE s.grant_id = _it.id AND s.owner > _it.last_owner ORDER BY s.owner LIMIT _most;
    END IF;
END $$;

-- Gives the next coins of one grant, or of any that is running: 'running' if there may be more to give, 'done' if there is
-- not, null if no grant was free. Amounts come from the recorded grant, so whoever calls this cannot mint.
--
-- The grant's row is locked before any purse. Without a name, a row that another session has locked is left to it, and
-- the choice is random, so that a grant that cannot go on does not stop the others.
CREATE FUNCTION give_batch(_grant bigint, _first uuid, _most integer, OUT status text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _it      grants;
    _share   record;
    _outcome text;
    _number  integer := 0;
    _done    bigint := 0;
    _refused bigint := 0;
BEGIN
    IF _grant IS NULL THEN
        SELECT g.* INTO _it FROM grants g WHERE g.status = 'running' ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED;
    ELSE
        SELECT g.* INTO _it FROM grants g WHERE g.id = _grant FOR UPDATE;
    END IF;
    status := _it.status;
    IF status IS DISTINCT FROM 'running' THEN RETURN; END IF;

    FOR _share IN SELECT * FROM next_shares(_it, least(_most, 1000)) LOOP
        _number := _number + 1;
        _it.last_owner := _share.owner;
        IF _share.is_due THEN
            -- Three digits of the first id number the batch. An operation's id ends with sixteen zero bits.
            SELECT g.outcome INTO _outcome FROM grant_coins(
                (left(_first::text, 29) || lpad(to_hex(_number), 3, '0') || '0000')::uuid, _share.owner, _it.key,
                _it.created_by, _it.request_id, _share.amount, _it.reason) g;
            IF _outcome NOT IN ('done', 'overflow', 'key_reused') THEN
                RAISE EXCEPTION 'coins of a grant ended with %', _outcome;
            END IF;
            _done := _done + (_outcome = 'done')::int;
            _refused := _refused + (_outcome <> 'done')::int;
        ELSE
            _refused := _refused + (NOT _it.to_everybody)::int;
        END IF;
    END LOOP;

    status := CASE WHEN _number < least(_most, 1000) THEN 'done' ELSE 'running' END;
    UPDATE grants g SET last_owner = _it.last_owner, done = g.done + _done, refused = g.refused + _refused,
        status = give_batch.status, finished_at = CASE WHEN give_batch.status = 'done' THEN clock_timestamp() END
    WHERE g.id = _it.id;
    IF status = 'done' AND _it.to_everybody THEN
        -- Users have left or become active since they were counted.
        UPDATE grants g SET total = g.done + g.refused, total_coins = (g.done + g.refused) * g.amount WHERE g.id = _it.id;
    END IF;
END $$;

-- How many users a grant to everybody has not reached who would be among everybody now. If it is over, it goes on for
-- them, unless this is a rehearsal. Only the owner may do this, by the command line.
CREATE FUNCTION extend_grant(_grant bigint, _is_rehearsal boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _it     grants;
    _people bigint;
BEGIN
    SELECT g.* INTO _it FROM grants g WHERE g.id = _grant AND g.to_everybody FOR UPDATE;
    _people := (
        SELECT count(*) FROM users u
        WHERE u.deleted_at IS NULL AND u.is_active AND u.role <> 'service' AND NOT EXISTS (
            SELECT FROM operations o WHERE o.key = _it.key AND o.owner = u.id AND o.kind = 'grant'));
    IF _is_rehearsal OR _people = 0 THEN RETURN _people; END IF;
    UPDATE grants g SET status = 'running', finished_at = NULL, until = clock_timestamp(),
        last_owner = '00000000-0000-0000-0000-000000000000', total = g.total + _people,
        total_coins = g.total_coins + _people * g.amount
    WHERE g.id = _it.id AND g.status = 'done';
    RETURN _people;
END $$;

GRANT SELECT ON grants, grant_shares TO tuckshop_app;
GRANT EXECUTE ON FUNCTION recipients_of, make_grant, give_batch TO tuckshop_app;
GRANT EXECUTE ON FUNCTION give_batch TO tuckshop_ops;
