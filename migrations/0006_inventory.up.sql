-- Things set aside and given back, put in and taken out: the ledger for items.

CREATE TABLE reservations (
    owner      uuid NOT NULL REFERENCES users,
    -- The caller's id for it.
    key        uuid NOT NULL,
    operation  uuid NOT NULL,
    status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'returned', 'consumed', 'expired')),
    made_at    timestamptz NOT NULL,
    expires_at timestamptz,
    closed_at  timestamptz,
    closed_by  uuid,
    PRIMARY KEY (owner, key),
    CHECK ((status = 'active') = (closed_at IS NULL))
);
CREATE INDEX reservations_by_key ON reservations (key);
CREATE INDEX reservations_due ON reservations (expires_at) WHERE status = 'active';

-- The lines of a request: [{"item":…,"collection":…,"level":…,"quantity":…}], ids and numbers. An asset is null where
-- nobody has had one of its kind yet. Each line looks up its own rows, however many there are of others.
CREATE FUNCTION assets_of(_lines jsonb, OUT problem text, OUT assets bigint[], OUT quantities bigint[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT CASE
            WHEN count(i.id) < count(*) THEN 'unknown_item'
            WHEN count(*) FILTER (WHERE l.collection IS NOT NULL AND NOT EXISTS (
                SELECT FROM item_collections c WHERE c.item_id = l.item AND c.collection_id = l.collection)) > 0
                THEN 'unknown_collection'
            WHEN count(*) FILTER (WHERE l.level IS NOT NULL AND NOT EXISTS (
                SELECT FROM item_quality_levels q WHERE q.item_id = l.item AND q.quality_level_id = l.level)) > 0
                THEN 'unknown_quality_level' END,
        array_agg(s.id ORDER BY l.n), array_agg(l.quantity ORDER BY l.n)
    INTO problem, assets, quantities
    FROM ROWS FROM (jsonb_to_recordset(_lines) AS (item uuid, collection uuid, level uuid, quantity bigint))
        WITH ORDINALITY AS l (item, collection, level, quantity, n)
    LEFT JOIN LATERAL (SELECT i.id FROM items i WHERE i.id = l.item LIMIT 1) i ON true
    LEFT JOIN LATERAL (
        SELECT s.id FROM assets s WHERE s.item_id = l.item AND s.collection_id IS NOT DISTINCT FROM l.collection
            AND s.quality_level_id IS NOT DISTINCT FROM l.level LIMIT 1) s ON true;
END $$;

-- The same, with the assets that were missing. To be called under the lock of a purse, or of nothing at all: whoever
-- waits here for an asset waits for nobody who could be waiting for the caller.
CREATE FUNCTION made_assets(_lines jsonb) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO assets (item_id, collection_id, quality_level_id)
    SELECT DISTINCT item, collection, level FROM jsonb_to_recordset(_lines) AS l (item uuid, collection uuid, level uuid)
    WHERE NOT EXISTS (
        SELECT FROM assets s WHERE s.item_id = l.item AND s.collection_id IS NOT DISTINCT FROM l.collection
            AND s.quality_level_id IS NOT DISTINCT FROM l.level)
    ORDER BY 1, 2, 3
    ON CONFLICT (item_id, collection_id, quality_level_id) DO NOTHING;
    RETURN (SELECT assets FROM assets_of(_lines));
END $$;

-- Accounts that an owner, whose purse is locked, is going to need.
CREATE FUNCTION open_accounts(_owner uuid, _section text, _assets bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO accounts (owner, asset, section)
    SELECT DISTINCT _owner, wanted.asset, _section FROM unnest(_assets) AS wanted (asset)
    WHERE NOT EXISTS (
        SELECT FROM accounts a WHERE a.owner = _owner AND a.asset = wanted.asset AND a.section = _section)
    ON CONFLICT (owner, asset, section) DO NOTHING;
END $$;

-- How a variant is called outside.
CREATE FUNCTION variant(_asset bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN (
        SELECT jsonb_strip_nulls(jsonb_build_object('item_id', s.item_id, 'collection', c.code, 'quality_level', q.code))
        FROM assets s LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
        WHERE s.id = _asset);
END $$;

-- What each line makes of its account, one after the other: signed quantities, running balances and versions.
CREATE FUNCTION running(_owner uuid, _section text, _assets bigint[], _quantities bigint[],
    OUT ordinal smallint, OUT asset bigint, OUT account bigint, OUT quantity bigint, OUT before bigint,
    OUT version_before bigint, OUT balance numeric, OUT version bigint, OUT is_last boolean)
RETURNS SETOF record
LANGUAGE sql STABLE AS $$
    SELECT l.n::smallint, l.asset, a.id, l.quantity, a.balance, a.version,
           a.balance + sum(l.quantity) OVER line, a.version + row_number() OVER line,
           lead(l.n) OVER line IS NULL
    FROM unnest(_assets, _quantities) WITH ORDINALITY AS l (asset, quantity, n)
    JOIN accounts a ON a.owner = _owner AND a.section = _section AND a.asset = l.asset
    WINDOW line AS (PARTITION BY l.asset ORDER BY l.n)
$$;

-- Lines of one owner and section, in from the mint or out to the sink; nothing goes below zero on the way.
CREATE FUNCTION move_lines(_id uuid, _owner uuid, _kind operation_kind, _key uuid, _content bytea, _actor uuid,
    _request_id text, _section text, _lines jsonb, _note text, _type text,
    OUT operation uuid, OUT outcome text, OUT replayed boolean, OUT at timestamptz, OUT details jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _known     record;
    _assets    bigint[];
    _count     integer;
    _missing   jsonb;
    _overflows boolean;
    _rows      bigint;
BEGIN
    -- An answer once given stays the answer, though its owner or its items have changed since. Whoever only asks again
    -- waits for nobody and writes nothing.
    SELECT e.operation, e.outcome, e.at INTO operation, outcome, at
    FROM earlier_answer(_owner, _kind, _key, _content) e;
    IF FOUND THEN
        replayed := true;
        SELECT o.details INTO details FROM operations o WHERE o.id = move_lines.operation;
        RETURN;
    END IF;
    operation := _id;
    replayed := false;
    SELECT * INTO _known FROM assets_of(_lines);
    outcome := CASE WHEN EXISTS (SELECT FROM users u WHERE u.id = _owner AND u.deleted_at IS NULL) THEN _known.problem
        ELSE 'unknown_user' END;
    IF outcome IS NOT NULL THEN RETURN; END IF;
    PERFORM lock_purse(_owner);
    _assets := _known.assets;
    _count := cardinality(_assets);
    IF array_position(_assets, NULL) IS NOT NULL THEN _assets := made_assets(_lines); END IF;
    SELECT greatest(clock_timestamp(), max(a.moved_at) + interval '1 microsecond'), count(*) INTO at, _rows
    FROM accounts a WHERE a.owner = _owner AND a.section = _section AND a.asset = ANY (_assets);
    IF _rows < _count THEN PERFORM open_accounts(_owner, _section, _assets); END IF;

    WITH lines AS MATERIALIZED (
        SELECT * FROM running(_owner, _section, _assets, _known.quantities)
    ), short AS (
        SELECT l.asset, min(l.before) - coalesce(min(k.amount), 0) AS before, -sum(least(l.quantity, 0)) AS required,
               min(l.ordinal) AS first
        FROM lines l
        -- What is set aside is there, but not there to be taken.
        LEFT JOIN (
            SELECT p.asset, sum(p.amount) AS amount
            FROM reservations v JOIN postings p ON p.operation = v.operation
            WHERE _section = 'factory' AND v.owner = _owner AND v.status = 'active' GROUP BY p.asset
        ) k ON k.asset = l.asset
        GROUP BY l.asset HAVING min(l.balance) FILTER (WHERE l.quantity < 0) < coalesce(min(k.amount), 0)
    )
    SELECT (
            SELECT jsonb_build_object('missing_items', jsonb_agg(
                variant(s.asset) || jsonb_build_object('required', s.required, 'available', s.before) ORDER BY s.first))
            FROM short s HAVING count(*) > 0),
        (SELECT max(l.balance) > 9007199254740991 FROM lines l),
        (SELECT jsonb_build_object('lines', _count, 'final_balances', jsonb_agg(
            variant(l.asset) || jsonb_build_object('balance', l.balance) ORDER BY l.ordinal))
         FROM lines l WHERE l.is_last)
    INTO _missing, _overflows, details;
    outcome := CASE WHEN _missing IS NOT NULL THEN 'insufficient_items' WHEN _overflows THEN 'overflow' ELSE 'done' END;
    IF outcome <> 'done' THEN details := coalesce(_missing, '{}'); END IF;

    INSERT INTO operations (id, owner, kind, key, content, outcome, actor, at, note, details, request_id)
    VALUES (_id, _owner, _kind, _key, _content, outcome, _actor, at, _note,
        details || jsonb_build_object('section', _section, 'type', _type), _request_id)
    ON CONFLICT (key, owner, kind) DO NOTHING;
    IF NOT FOUND THEN
        replayed := true;
        SELECT e.operation, e.outcome, e.at INTO operation, outcome, at
        FROM earlier_answer(_owner, _kind, _key, _content) e;
        SELECT o.details INTO details FROM operations o WHERE o.id = move_lines.operation;
        RETURN;
    END IF;
    IF outcome <> 'done' THEN RETURN; END IF;

    WITH lines AS MATERIALIZED (
        SELECT r.*, move_lines.at + (r.ordinal - 1) * interval '1 microsecond' AS moment
        FROM running(_owner, _section, _assets, _known.quantities) r
    ), moved AS (
        UPDATE accounts a SET balance = l.balance, version = l.version, moved_at = l.moment
        FROM lines l WHERE a.id = l.account AND l.is_last AND a.version = l.version_before
        RETURNING a.id
    )
    INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
    SELECT _id, l.ordinal, l.asset, CASE WHEN l.quantity > 0 THEN mint() ELSE l.account END,
        CASE WHEN l.quantity > 0 THEN l.account ELSE sink() END, abs(l.quantity),
        CASE WHEN l.quantity < 0 THEN l.balance END, CASE WHEN l.quantity < 0 THEN l.version END,
        CASE WHEN l.quantity > 0 THEN l.balance END, CASE WHEN l.quantity > 0 THEN l.version END, l.moment
    FROM lines l JOIN moved m ON m.id = l.account;
    GET DIAGNOSTICS _rows = ROW_COUNT;
    PERFORM require_moved(_rows, _count);
END $$;

CREATE FUNCTION add_items(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text, _type text, _section text,
    _lines jsonb, _comment text,
    OUT operation uuid, OUT outcome text, OUT replayed boolean, OUT at timestamptz, OUT details jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT d.* INTO operation, outcome, replayed, at, details
    FROM move_lines(_id, _owner, 'add_items', _key, digest_of(_type, _section, _lines::text, _comment), _actor,
        _request_id, _section, _lines, _comment, _type) d;
END $$;

-- Quantities may be negative here.
CREATE FUNCTION adjust(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text, _section text, _lines jsonb,
    _reason text,
    OUT operation uuid, OUT outcome text, OUT replayed boolean, OUT at timestamptz, OUT details jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT d.* INTO operation, outcome, replayed, at, details
    FROM move_lines(_id, _owner, 'adjust', _key, digest_of(_section, _lines::text, _reason), _actor,
        _request_id, _section, _lines, _reason, 'admin_adjustment') d;
END $$;

-- From main to factory, all or nothing; an item named twice is summed.
CREATE FUNCTION reserve(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text, _lines jsonb, _seconds bigint,
    OUT operation uuid, OUT outcome text, OUT replayed boolean, OUT at timestamptz, OUT details jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _known     record;
    _assets    bigint[];
    _amounts   numeric[];
    _count     integer;
    _is_short  boolean;
    _overflows boolean;
    _rows      bigint;
    _content   bytea := digest_of(_lines::text, _seconds::text);
BEGIN
    SELECT e.operation, e.outcome, e.at INTO operation, outcome, at
    FROM earlier_answer(_owner, 'reserve', _key, _content) e;
    IF FOUND THEN
        replayed := true;
        SELECT o.details INTO details FROM operations o WHERE o.id = reserve.operation;
        RETURN;
    END IF;
    operation := _id;
    replayed := false;
    SELECT * INTO _known FROM assets_of(_lines);
    outcome := CASE WHEN EXISTS (SELECT FROM users u WHERE u.id = _owner AND u.deleted_at IS NULL) THEN _known.problem
        ELSE 'unknown_user' END;
    IF outcome IS NOT NULL THEN RETURN; END IF;
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
        max(f.balance + l.amount) > 9007199254740991, count(f.id)
    INTO at, details, _is_short, _overflows, _rows
    FROM unnest(_assets, _amounts) WITH ORDINALITY AS l (asset, amount, n)
    LEFT JOIN accounts m ON m.owner = _owner AND m.asset = l.asset AND m.section = 'main'
    LEFT JOIN accounts f ON f.owner = _owner AND f.asset = l.asset AND f.section = 'factory';
    outcome := CASE WHEN _is_short THEN 'insufficient_items' WHEN _overflows THEN 'overflow' ELSE 'done' END;
    IF outcome = 'done' THEN details := jsonb_build_object('lines', _count); END IF;

    INSERT INTO operations (id, owner, kind, key, content, outcome, actor, at, details, request_id)
    VALUES (_id, _owner, 'reserve', _key, _content, outcome, _actor, at, details, _request_id)
    ON CONFLICT (key, owner, kind) DO NOTHING;
    IF NOT FOUND THEN
        replayed := true;
        SELECT e.operation, e.outcome, e.at INTO operation, outcome, at
        FROM earlier_answer(_owner, 'reserve', _key, _content) e;
        SELECT o.details INTO details FROM operations o WHERE o.id = reserve.operation;
        RETURN;
    END IF;
    IF outcome <> 'done' THEN RETURN; END IF;

    IF _rows < _count THEN PERFORM open_accounts(_owner, 'factory', _assets); END IF;
    INSERT INTO reservations (owner, key, operation, made_at, expires_at)
    VALUES (_owner, _key, _id, at, at + make_interval(secs => _seconds));
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
            version = a.version + 1, moved_at = reserve.at
        FROM lines l WHERE a.id IN (l.main, l.factory)
            AND a.version = CASE a.id WHEN l.main THEN l.main_version ELSE l.factory_version END
        RETURNING a.id
    )
    INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
    SELECT _id, l.ordinal, l.asset, l.main, l.factory, l.amount, l.main_balance, l.main_version + 1,
        l.factory_balance, l.factory_version + 1, reserve.at
    FROM lines l JOIN moved m ON m.id = l.main JOIN moved f ON f.id = l.factory;
    GET DIAGNOSTICS _rows = ROW_COUNT;
    PERFORM require_moved(_rows, _count);
END $$;

-- Ends a reservation, once: back to main, or into the sink. Its owner's purse is there, since reserve has locked it.
CREATE FUNCTION close_reservation(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text, _wanted operation_kind,
    OUT operation uuid, OUT outcome text, OUT replayed boolean, OUT at timestamptz, OUT details jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _reservation reservations;
    _kind        operation_kind := _wanted;
    _rows        bigint;
BEGIN
    operation := _id;
    replayed := false;
    PERFORM FROM accounts a WHERE a.owner = _owner AND a.asset = 1 AND a.section = 'main' FOR NO KEY UPDATE;
    SELECT * INTO _reservation FROM reservations r WHERE r.owner = _owner AND r.key = _key;
    IF NOT FOUND THEN
        outcome := 'reservation_not_found';
        RETURN;
    END IF;
    IF _reservation.status <> 'active' THEN
        operation := _reservation.closed_by;
        at := _reservation.closed_at;
        replayed := true;
        -- What has expired has been given back, which is what a return asks for.
        outcome := CASE
            WHEN _wanted = 'return_reserve' AND _reservation.status IN ('returned', 'expired') THEN 'done'
            WHEN _wanted = 'consume_reserve' AND _reservation.status = 'consumed' THEN 'done'
            WHEN _wanted = 'expire_reserve' THEN 'done'
            ELSE 'reservation_closed' END;
        SELECT jsonb_build_object('lines', count(*)) INTO details
        FROM postings p WHERE p.operation = close_reservation.operation;
        RETURN;
    END IF;
    IF _reservation.expires_at <= clock_timestamp() THEN _kind := 'expire_reserve'; END IF;

    IF _kind <> 'consume_reserve' AND EXISTS (
        SELECT FROM postings p JOIN accounts m ON m.id = p.debit
        WHERE p.operation = _reservation.operation AND m.balance + p.amount > 9007199254740991) THEN
        -- It stays set aside until there is room. What is overdue is put off, so that those behind it get their turn.
        UPDATE reservations r SET expires_at = clock_timestamp() + interval '1 day'
        WHERE r.owner = _owner AND r.key = _key AND _kind = 'expire_reserve';
        outcome := 'overflow';
        RETURN;
    END IF;
    SELECT greatest(clock_timestamp(), max(a.moved_at) + interval '1 microsecond') INTO at
    FROM accounts a JOIN postings p ON p.operation = _reservation.operation AND a.id IN (p.debit, p.credit);
    INSERT INTO operations (id, owner, kind, key, content, outcome, actor, at, request_id)
    VALUES (_id, _owner, _kind, _key, digest_of(_key::text), 'done', _actor, at, _request_id);
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
            version = a.version + 1, moved_at = close_reservation.at
        FROM lines l WHERE a.id IN (l.main, l.factory)
            AND a.version = CASE a.id WHEN l.main THEN l.main_version ELSE l.factory_version END
        RETURNING a.id
    )
    INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
    SELECT _id, l.ordinal, l.asset, l.factory, coalesce(l.main, sink()), l.amount, l.factory_balance,
        l.factory_version + 1, l.main_balance, l.main_version + 1, close_reservation.at
    FROM lines l JOIN moved f ON f.id = l.factory LEFT JOIN moved m ON m.id = l.main
    WHERE l.main IS NULL OR m.id IS NOT NULL;
    GET DIAGNOSTICS _rows = ROW_COUNT;
    PERFORM require_moved(_rows, (SELECT count(*) FROM postings p WHERE p.operation = _reservation.operation));
    UPDATE reservations r SET status = CASE _kind WHEN 'return_reserve' THEN 'returned'
            WHEN 'consume_reserve' THEN 'consumed' ELSE 'expired' END,
        closed_at = close_reservation.at, closed_by = _id
    WHERE r.owner = _owner AND r.key = _key;
    outcome := CASE WHEN _wanted = 'consume_reserve' AND _kind = 'expire_reserve' THEN 'reservation_closed' ELSE 'done' END;
    details := jsonb_build_object('lines', _rows);
END $$;

CREATE FUNCTION return_reserve(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text,
    OUT operation uuid, OUT outcome text, OUT replayed boolean, OUT at timestamptz, OUT details jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT d.* INTO operation, outcome, replayed, at, details
    FROM close_reservation(_id, _owner, _key, _actor, _request_id, 'return_reserve') d;
END $$;

CREATE FUNCTION consume_reserve(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text,
    OUT operation uuid, OUT outcome text, OUT replayed boolean, OUT at timestamptz, OUT details jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT d.* INTO operation, outcome, replayed, at, details
    FROM close_reservation(_id, _owner, _key, _actor, _request_id, 'consume_reserve') d;
END $$;

-- Gives one reservation back whose time is over: of one owner, or of anybody (null) whose purse is free at the moment.
-- False if there is none. One in a call, because the purses of two would not be locked in order.
CREATE FUNCTION expire_reservation(_id uuid, _owner uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _due record;
BEGIN
    IF _owner IS NULL THEN
        SELECT r.owner, r.key INTO _due
        FROM reservations r JOIN accounts a ON a.owner = r.owner AND a.asset = 1 AND a.section = 'main'
        WHERE r.status = 'active' AND r.expires_at <= clock_timestamp()
        ORDER BY r.expires_at LIMIT 1 FOR NO KEY UPDATE OF a SKIP LOCKED;
    ELSE
        SELECT r.owner, r.key INTO _due FROM reservations r
        WHERE r.status = 'active' AND r.expires_at <= clock_timestamp() AND r.owner = _owner
        ORDER BY r.expires_at LIMIT 1;
    END IF;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM close_reservation(_id, _due.owner, _due.key, NULL, NULL, 'expire_reserve');
    RETURN true;
END $$;

-- How many of an item the shop has to sell from now on; it is made or taken away accordingly.
CREATE FUNCTION set_stock(_id uuid, _actor uuid, _request_id text, _item uuid, _quantity bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _line  jsonb := jsonb_build_array(jsonb_build_object('item', _item, 'quantity', 1));
    _asset bigint;
    _shelf accounts;
    _at    timestamptz;
    _rows  bigint;
BEGIN
    _asset := (made_assets(_line))[1];
    INSERT INTO accounts (asset, section) VALUES (_asset, 'main') ON CONFLICT (owner, asset, section) DO NOTHING;
    SELECT * INTO _shelf FROM accounts a
    WHERE a.owner IS NULL AND a.asset = _asset AND a.section = 'main' FOR NO KEY UPDATE;
    IF _shelf.balance = _quantity THEN RETURN; END IF;
    _at := greatest(clock_timestamp(), _shelf.moved_at + interval '1 microsecond');
    INSERT INTO operations (id, kind, key, content, outcome, actor, at, item_id, quantity, request_id)
    VALUES (_id, 'set_stock', _id, digest_of(_item::text, _quantity::text), 'done', _actor, _at, _item, _quantity,
        _request_id);
    UPDATE accounts a SET balance = _quantity, version = a.version + 1, moved_at = _at
    WHERE a.id = _shelf.id AND a.version = _shelf.version;
    GET DIAGNOSTICS _rows = ROW_COUNT;
    PERFORM require_moved(_rows, 1);
    IF _quantity > _shelf.balance THEN
        INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, credit_balance, credit_version, at)
        VALUES (_id, 1, _asset, mint(), _shelf.id, _quantity - _shelf.balance, _quantity, _shelf.version + 1, _at);
    ELSE
        INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version, at)
        VALUES (_id, 1, _asset, _shelf.id, sink(), _shelf.balance - _quantity, _quantity, _shelf.version + 1, _at);
    END IF;
END $$;

-- ---- reads

-- What somebody has in a section, now (null) or just after an instant, as JSON text.
CREATE FUNCTION inventory(_owner uuid, _section text, _at timestamptz) RETURNS TABLE (document text)
LANGUAGE sql STABLE AS $$
    SELECT concat('[', string_agg(concat('{"item_id":"', i.id, '","item_class":', to_json(class.code),
            ',"item_type":', to_json(type.code), ',"collection":' || to_json(c.code)::text,
            ',"quality_level":' || to_json(q.code)::text, ',"quantity":', h.balance, '}'), ',' ORDER BY h.id), ']')
    FROM (
        SELECT a.id, a.asset, a.balance FROM accounts a
        WHERE _at IS NULL AND a.owner = _owner AND a.section = _section AND a.asset > 1
        UNION ALL
        SELECT a.id, a.asset, b.balance FROM accounts a CROSS JOIN LATERAL balance_at(a.id, _at) b
        WHERE _at IS NOT NULL AND a.owner = _owner AND a.section = _section AND a.asset > 1
    ) h
    JOIN assets s ON s.id = h.asset JOIN items i ON i.id = s.item_id
    JOIN classifiers class ON class.id = i.class_id JOIN classifiers type ON type.id = i.type_id
    LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
    WHERE h.balance > 0
$$;

GRANT SELECT ON reservations TO tuckshop_app;
GRANT EXECUTE ON FUNCTION add_items, adjust, reserve, return_reserve, consume_reserve, expire_reservation, set_stock,
    inventory, variant TO tuckshop_app;
