-- Things set aside, and then returned, consumed or expired.

-- From main to factory, all or nothing; an item named twice is summed.
CREATE FUNCTION reserve(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text, _lines jsonb, _seconds bigint)
RETURNS receipt
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _receipt   receipt;
    _known     record;
    _assets    bigint[];
    _amounts   numeric[];
    _count     integer;
    _is_short  boolean;
    _overflows boolean;
    _rows      bigint;
    _content   bytea := digest_of(_lines::text, _seconds::text);
BEGIN
    SELECT e.operation, e.outcome, true, e.at, e.details INTO _receipt
    FROM earlier_answer(_owner, 'reserve', _key, _content) e;
    IF FOUND THEN RETURN _receipt; END IF;
    _receipt.operation := _id;
    _receipt.replayed := false;
    SELECT * INTO _known FROM assets_of(_lines);
    _receipt.outcome := CASE WHEN EXISTS (SELECT FROM users u WHERE u.id = _owner AND u.deleted_at IS NULL)
        THEN _known.problem ELSE 'unknown_user' END;
    IF _receipt.outcome IS NOT NULL THEN RETURN _receipt; END IF;
    PERFORM lock_purse(_owner);
    _assets := _known.assets;
    IF array_position(_assets, NULL) IS NOT NULL THEN _assets := made_assets(_lines); END IF;
    SELECT array_agg(asset ORDER BY first), array_agg(amount ORDER BY first), count(*) INTO _assets, _amounts, _count
    FROM (
        SELECT l.asset, sum(l.quantity) AS amount, min(l.n) AS first
        FROM unnest(_assets, _known.quantities) WITH ORDINALITY AS l (asset, quantity, n) GROUP BY l.asset
    ) summed;
    SELECT greatest(clock_timestamp(), max(greatest(m.moved_at, f.moved_at)) + interval '1 microsecond'),
        jsonb_build_object('missing_items', jsonb_agg(
            variant(l.asset) || jsonb_build_object('required', l.amount, 'available', coalesce(m.balance, 0)) ORDER BY l.n)
            FILTER (WHERE coalesce(m.balance, 0) < l.amount)),
        count(*) FILTER (WHERE coalesce(m.balance, 0) < l.amount) > 0,
        max(f.balance + l.amount) > greatest_holding(), count(f.id)
    INTO _receipt.at, _receipt.details, _is_short, _overflows, _rows
    FROM unnest(_assets, _amounts) WITH ORDINALITY AS l (asset, amount, n)
    LEFT JOIN accounts m ON m.owner = _owner AND m.asset = l.asset AND m.section = 'main'
    LEFT JOIN accounts f ON f.owner = _owner AND f.asset = l.asset AND f.section = 'factory';
    _receipt.outcome := CASE WHEN _is_short THEN 'insufficient_items' WHEN _overflows THEN 'overflow' ELSE 'done' END;
    IF _receipt.outcome = 'done' THEN _receipt.details := jsonb_build_object('lines', _count); END IF;

    INSERT INTO operations (id, owner, kind, key, content, outcome, actor, at, details, request_id)
    VALUES (_id, _owner, 'reserve', _key, _content, _receipt.outcome, _actor, _receipt.at, _receipt.details, _request_id)
    ON CONFLICT (key, owner, kind) WHERE key IS NOT NULL DO NOTHING;
    IF NOT FOUND THEN
        SELECT e.operation, e.outcome, true, e.at, e.details INTO _receipt
        FROM earlier_answer(_owner, 'reserve', _key, _content) e;
        RETURN _receipt;
    END IF;
    IF _receipt.outcome <> 'done' THEN RETURN _receipt; END IF;

    IF _rows < _count THEN PERFORM open_accounts(_owner, 'factory', _assets); END IF;
    INSERT INTO reservations (owner, key, operation, made_at, expires_at)
    VALUES (_owner, _key, _id, _receipt.at, _receipt.at + make_interval(secs => _seconds));
    WITH lines AS MATERIALIZED (
        SELECT l.n::smallint AS ordinal, l.asset, l.amount, m.id AS main, m.balance - l.amount AS main_balance,
               m.version AS main_version, f.id AS factory, f.balance + l.amount AS factory_balance,
               f.version AS factory_version
        FROM unnest(_assets, _amounts) WITH ORDINALITY AS l (asset, amount, n)
        JOIN accounts m ON m.owner = _owner AND m.asset = l.asset AND m.section = 'main'
        JOIN accounts f ON f.owner = _owner AND f.asset = l.asset AND f.section = 'factory'
    ), moved AS (
        UPDATE accounts a
        SET balance = CASE a.id WHEN l.main THEN l.main_balance ELSE l.factory_balance END,
            version = a.version + 1, moved_at = _receipt.at
        FROM lines l WHERE a.id IN (l.main, l.factory)
            AND a.version = CASE a.id WHEN l.main THEN l.main_version ELSE l.factory_version END
        RETURNING a.id
    )
    INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
    SELECT _id, l.ordinal, l.asset, l.main, l.factory, l.amount, l.main_balance, l.main_version + 1,
        l.factory_balance, l.factory_version + 1, _receipt.at
    FROM lines l JOIN moved m ON m.id = l.main JOIN moved f ON f.id = l.factory;
    GET DIAGNOSTICS _rows = ROW_COUNT;
    PERFORM require_moved(_rows, _count);
    RETURN _receipt;
END $$;

-- Ends a reservation, once: back to main, or into the sink. The owner's purse is there, because reserve locked it.
CREATE FUNCTION close_reservation(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text, _wanted operation_kind)
RETURNS receipt
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _receipt     receipt;
    _reservation reservations;
    _kind        operation_kind := _wanted;
    _rows        bigint;
BEGIN
    _receipt.operation := _id;
    _receipt.replayed := false;
    PERFORM FROM purses p WHERE p.owner = _owner FOR NO KEY UPDATE;
    SELECT * INTO _reservation FROM reservations r WHERE r.owner = _owner AND r.key = _key;
    IF NOT FOUND THEN
        _receipt.outcome := 'reservation_not_found';
        RETURN _receipt;
    END IF;
    IF _reservation.status <> 'active' THEN
        _receipt.operation := _reservation.closed_by;
        _receipt.at := _reservation.closed_at;
        _receipt.replayed := true;
        -- An expired reservation was given back, which is what a return asks for.
        _receipt.outcome := CASE
            WHEN _wanted = 'return_reserve' AND _reservation.status IN ('returned', 'expired') THEN 'done'
            WHEN _wanted = 'consume_reserve' AND _reservation.status = 'consumed' THEN 'done'
            WHEN _wanted = 'expire_reserve' THEN 'done'
            ELSE 'reservation_closed' END;
        SELECT jsonb_build_object('lines', count(*)) INTO _receipt.details
        FROM postings p WHERE p.operation = _reservation.closed_by;
        RETURN _receipt;
    END IF;
    IF _reservation.expires_at <= clock_timestamp() THEN _kind := 'expire_reserve'; END IF;

    IF _kind <> 'consume_reserve' AND EXISTS (
        SELECT FROM postings p JOIN accounts m ON m.id = p.debit
        WHERE p.operation = _reservation.operation AND m.balance + p.amount > greatest_holding()) THEN
        -- It stays set aside until there is room. An overdue one is put off, so that those behind it get their turn.
        UPDATE reservations r SET expires_at = clock_timestamp() + interval '1 day'
        WHERE r.owner = _owner AND r.key = _key AND _kind = 'expire_reserve';
        _receipt.outcome := 'overflow';
        RETURN _receipt;
    END IF;
    SELECT greatest(clock_timestamp(), max(a.moved_at) + interval '1 microsecond') INTO _receipt.at
    FROM accounts a JOIN postings p ON p.operation = _reservation.operation AND a.id IN (p.debit, p.credit);
    INSERT INTO operations (id, owner, kind, key, content, outcome, actor, at, request_id)
    VALUES (_id, _owner, _kind, _key, digest_of(_key::text), 'done', _actor, _receipt.at, _request_id);
    WITH lines AS MATERIALIZED (
        SELECT p.ordinal, p.asset, p.amount, f.id AS factory, f.balance - p.amount AS factory_balance,
               f.version AS factory_version, m.id AS main, m.balance + p.amount AS main_balance,
               m.version AS main_version
        FROM postings p JOIN accounts f ON f.id = p.credit
        LEFT JOIN accounts m ON m.id = p.debit AND _kind <> 'consume_reserve'
        WHERE p.operation = _reservation.operation
    ), moved AS (
        UPDATE accounts a
        SET balance = CASE a.id WHEN l.main THEN l.main_balance ELSE l.factory_balance END,
            version = a.version + 1, moved_at = _receipt.at
        FROM lines l WHERE a.id IN (l.main, l.factory)
            AND a.version = CASE a.id WHEN l.main THEN l.main_version ELSE l.factory_version END
        RETURNING a.id
    )
    INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
    SELECT _id, l.ordinal, l.asset, l.factory, coalesce(l.main, sink()), l.amount, l.factory_balance,
        l.factory_version + 1, l.main_balance, l.main_version + 1, _receipt.at
    FROM lines l JOIN moved f ON f.id = l.factory LEFT JOIN moved m ON m.id = l.main
    WHERE l.main IS NULL OR m.id IS NOT NULL;
    GET DIAGNOSTICS _rows = ROW_COUNT;
    PERFORM require_moved(_rows, (SELECT count(*) FROM postings p WHERE p.operation = _reservation.operation));
    UPDATE reservations r SET status = CASE _kind WHEN 'return_reserve' THEN 'returned'
            WHEN 'consume_reserve' THEN 'consumed' ELSE 'expired' END,
        closed_at = _receipt.at, closed_by = _id
    WHERE r.owner = _owner AND r.key = _key;
    _receipt.outcome := CASE WHEN _wanted = 'consume_reserve' AND _kind = 'expire_reserve' THEN 'reservation_closed'
        ELSE 'done' END;
    _receipt.details := jsonb_build_object('lines', _rows);
    RETURN _receipt;
END $$;

CREATE FUNCTION return_reserve(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text) RETURNS receipt
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN close_reservation(_id, _owner, _key, _actor, _request_id, 'return_reserve');
END $$;

CREATE FUNCTION consume_reserve(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text) RETURNS receipt
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN close_reservation(_id, _owner, _key, _actor, _request_id, 'consume_reserve');
END $$;

-- Gives back one reservation whose time is over: of one owner, or (null) of any owner whose purse is free at the moment.
-- False if there is none. One in a call, because the purses of two owners would not be locked in order.
CREATE FUNCTION expire_reservation(_id uuid, _owner uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _due record;
BEGIN
    IF _owner IS NULL THEN
        SELECT r.owner, r.key INTO _due
        FROM reservations r JOIN purses p ON p.owner = r.owner
        WHERE r.status = 'active' AND r.expires_at <= clock_timestamp()
        ORDER BY r.expires_at LIMIT 1 FOR NO KEY UPDATE OF p SKIP LOCKED;
    ELSE
        SELECT r.owner, r.key INTO _due FROM reservations r
        WHERE r.status = 'active' AND r.expires_at <= clock_timestamp() AND r.owner = _owner
        ORDER BY r.expires_at LIMIT 1;
    END IF;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM close_reservation(_id, _due.owner, _due.key, NULL, NULL, 'expire_reserve');
    RETURN true;
END $$;

GRANT EXECUTE ON FUNCTION reserve, return_reserve, consume_reserve, expire_reservation TO tuckshop_app;
