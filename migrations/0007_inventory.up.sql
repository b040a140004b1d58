-- Items: what owners have, how it comes in and goes out, and what the shop has to sell.

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
-- The open ones of an owner, however many are closed.
CREATE INDEX reservations_open ON reservations (owner, made_at, key) WHERE status = 'active';

-- The lines of a request: [{"item":…,"collection":…,"level":…,"quantity":…}], ids and numbers. The asset of
-- a variant that nobody has had yet is null. Each line looks up its own rows, however many there are of others.
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

-- The same, after making the assets that were missing. Call it with a purse locked, or with nothing locked: then no
-- session that this one waits for can be waiting for it.
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

-- Opens the accounts that an owner is going to need. The owner's purse is locked.
CREATE FUNCTION open_accounts(_owner uuid, _section text, _assets bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO accounts (owner, asset, section)
    SELECT DISTINCT _owner, wanted.asset, _section FROM unnest(_assets) AS wanted (asset)
    WHERE NOT EXISTS (
        SELECT FROM accounts a WHERE a.owner = _owner AND a.asset = wanted.asset AND a.section = _section)
    ON CONFLICT (owner, asset, section) DO NOTHING;
END $$;

-- A variant as the API names it.
CREATE FUNCTION variant(_asset bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN (
        SELECT jsonb_strip_nulls(jsonb_build_object('item_id', s.item_id, 'collection', c.code, 'quality_level', q.code))
        FROM assets s LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
        WHERE s.id = _asset);
END $$;

-- A line with its account: how the account stands before it, and the running balance and version after it.
CREATE TYPE step AS (ordinal smallint, asset bigint, account bigint, quantity bigint, before bigint,
    version_before bigint, balance numeric, version bigint, is_last boolean);

-- The steps of signed lines, one after the other. The owner's purse is locked, and the accounts are there.
CREATE FUNCTION steps_of(_owner uuid, _section text, _assets bigint[], _quantities bigint[]) RETURNS step[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN (
        SELECT array_agg(ROW(n, asset, id, quantity, before, version_before, balance, version, is_last)::step ORDER BY n)
        FROM (
            SELECT l.n, l.asset, a.id, l.quantity, a.balance AS before, a.version AS version_before,
                   a.balance + sum(l.quantity) OVER line AS balance, a.version + row_number() OVER line AS version,
                   lead(l.n) OVER line IS NULL AS is_last
            FROM unnest(_assets, _quantities) WITH ORDINALITY AS l (asset, quantity, n)
            JOIN accounts a ON a.owner = _owner AND a.section = _section AND a.asset = l.asset
            WINDOW line AS (PARTITION BY l.asset ORDER BY l.n)
        ) s);
END $$;

-- The answer of a function that moves items.
CREATE TYPE receipt AS (operation uuid, outcome text, replayed boolean, at timestamptz, details jsonb);

-- Moves lines of one owner and section, in from the mint or out to the sink; nothing goes below zero on the way.
CREATE FUNCTION move_lines(_id uuid, _owner uuid, _kind operation_kind, _key uuid, _content bytea, _actor uuid,
    _request_id text, _section text, _lines jsonb, _note text, _type text) RETURNS receipt
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _receipt   receipt;
    _known     record;
    _assets    bigint[];
    _count     integer;
    _steps     step[];
    _missing   jsonb;
    _overflows boolean;
    _rows      bigint;
BEGIN
    -- An answer once given stays the answer, though its owner or its items have changed since. A repeated call waits for
    -- nothing and writes nothing.
    SELECT e.operation, e.outcome, true, e.at, e.details INTO _receipt FROM earlier_answer(_owner, _kind, _key, _content) e;
    IF FOUND THEN RETURN _receipt; END IF;
    _receipt.operation := _id;
    _receipt.replayed := false;
    SELECT * INTO _known FROM assets_of(_lines);
    _receipt.outcome := CASE WHEN EXISTS (SELECT FROM users u WHERE u.id = _owner AND u.deleted_at IS NULL)
        THEN _known.problem ELSE 'unknown_user' END;
    IF _receipt.outcome IS NOT NULL THEN RETURN _receipt; END IF;
    PERFORM lock_purse(_owner);
    _assets := _known.assets;
    _count := cardinality(_assets);
    IF array_position(_assets, NULL) IS NOT NULL THEN _assets := made_assets(_lines); END IF;
    SELECT greatest(clock_timestamp(), max(a.moved_at) + interval '1 microsecond'), count(*) INTO _receipt.at, _rows
    FROM accounts a WHERE a.owner = _owner AND a.section = _section AND a.asset = ANY (_assets);
    IF _rows < _count THEN PERFORM open_accounts(_owner, _section, _assets); END IF;
    _steps := steps_of(_owner, _section, _assets, _known.quantities);

    WITH short AS (
        SELECT s.asset, min(s.before) - coalesce(min(k.amount), 0) AS before, -sum(least(s.quantity, 0)) AS required,
               min(s.ordinal) AS first
        FROM unnest(_steps) s
        -- Reserved items are in the section, but cannot be taken out of it.
        LEFT JOIN (
            SELECT p.asset, sum(p.amount) AS amount
            FROM reservations v JOIN postings p ON p.operation = v.operation
            WHERE _section = 'factory' AND v.owner = _owner AND v.status = 'active' GROUP BY p.asset
        ) k ON k.asset = s.asset
        GROUP BY s.asset HAVING min(s.balance) FILTER (WHERE s.quantity < 0) < coalesce(min(k.amount), 0)
    )
    SELECT (
            SELECT jsonb_build_object('missing_items', jsonb_agg(
                variant(s.asset) || jsonb_build_object('required', s.required, 'available', s.before) ORDER BY s.first))
            FROM short s HAVING count(*) > 0),
        (SELECT max(s.balance) > greatest_holding() FROM unnest(_steps) s),
        (SELECT jsonb_build_object('lines', _count, 'final_balances', jsonb_agg(
            variant(s.asset) || jsonb_build_object('balance', s.balance) ORDER BY s.ordinal))
         FROM unnest(_steps) s WHERE s.is_last)
    INTO _missing, _overflows, _receipt.details;
    _receipt.outcome := CASE WHEN _missing IS NOT NULL THEN 'insufficient_items' WHEN _overflows THEN 'overflow'
        ELSE 'done' END;
    IF _receipt.outcome <> 'done' THEN _receipt.details := coalesce(_missing, '{}'); END IF;

    INSERT INTO operations (id, owner, kind, key, content, outcome, actor, at, note, details, request_id)
    VALUES (_id, _owner, _kind, _key, _content, _receipt.outcome, _actor, _receipt.at, _note,
        _receipt.details || jsonb_build_object('section', _section, 'type', _type), _request_id)
    ON CONFLICT (key, owner, kind) WHERE key IS NOT NULL DO NOTHING;
    IF NOT FOUND THEN
        SELECT e.operation, e.outcome, true, e.at, e.details INTO _receipt
        FROM earlier_answer(_owner, _kind, _key, _content) e;
        RETURN _receipt;
    END IF;
    IF _receipt.outcome <> 'done' THEN RETURN _receipt; END IF;

    WITH lines AS MATERIALIZED (
        SELECT s.*, _receipt.at + (s.ordinal - 1) * interval '1 microsecond' AS moment FROM unnest(_steps) s
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
    RETURN _receipt;
END $$;

CREATE FUNCTION add_items(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text, _type text, _section text,
    _lines jsonb, _comment text) RETURNS receipt
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN move_lines(_id, _owner, 'add_items', _key, digest_of(_type, _section, _lines::text, _comment), _actor,
        _request_id, _section, _lines, _comment, _type);
END $$;

-- Quantities may be negative here.
CREATE FUNCTION adjust(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text, _section text, _lines jsonb,
    _reason text) RETURNS receipt
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN move_lines(_id, _owner, 'adjust', _key, digest_of(_section, _lines::text, _reason), _actor,
        _request_id, _section, _lines, _reason, 'admin_adjustment');
END $$;

-- Locks the shop's account of an asset, and opens it if it is missing.
CREATE FUNCTION lock_shelf(_asset bigint) RETURNS accounts
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _shelf accounts;
BEGIN
    INSERT INTO accounts (asset, section) VALUES (_asset, 'main') ON CONFLICT (owner, asset, section) DO NOTHING;
    SELECT * INTO _shelf FROM accounts a
    WHERE a.owner IS NULL AND a.asset = _asset AND a.section = 'main' FOR NO KEY UPDATE;
    RETURN _shelf;
END $$;

-- Sets the list of variants that the shop sells of an item: [{"collection":…,"level":…,"is_active":…}]. An empty list is
-- the standard variant alone.
CREATE FUNCTION set_variants(_item uuid, _lines jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM made_assets((SELECT jsonb_agg(line || jsonb_build_object('item', _item)) FROM jsonb_array_elements(_lines) line));
    UPDATE assets s SET place = listed.n, sale = CASE WHEN listed.is_active THEN 'listed' WHEN NOT listed.is_active THEN 'paused'
        WHEN _lines = '[]' AND s.collection_id IS NULL AND s.quality_level_id IS NULL THEN 'alone' END
    FROM assets o LEFT JOIN ROWS FROM (
        jsonb_to_recordset(_lines) AS (collection uuid, level uuid, is_active boolean)
    ) WITH ORDINALITY AS listed (collection, level, is_active, n)
        ON listed.collection IS NOT DISTINCT FROM o.collection_id AND listed.level IS NOT DISTINCT FROM o.quality_level_id
    WHERE o.item_id = _item AND s.id = o.id;
END $$;

-- Sets how many of a variant the shop has to sell; the difference comes from the mint or goes to the sink. Null: any
-- number, made when they are bought; what lies on the shelf stays there.
CREATE FUNCTION set_stock(_id uuid, _actor uuid, _request_id text, _item uuid, _collection uuid, _level uuid,
    _quantity bigint, _note text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _line  jsonb := jsonb_build_array(
        jsonb_build_object('item', _item, 'collection', _collection, 'level', _level, 'quantity', 1));
    _asset bigint;
    _shelf accounts;
    _at    timestamptz;
    _rows  bigint;
BEGIN
    _asset := (made_assets(_line))[1];
    UPDATE assets s SET stock_limited = _quantity IS NOT NULL
    WHERE s.id = _asset AND s.stock_limited <> (_quantity IS NOT NULL);
    IF _quantity IS NULL THEN RETURN; END IF;
    _shelf := lock_shelf(_asset);
    IF _shelf.balance = _quantity THEN RETURN; END IF;
    _at := greatest(clock_timestamp(), _shelf.moved_at + interval '1 microsecond');
    INSERT INTO operations (id, kind, content, outcome, actor, at, item_id, quantity, note, request_id)
    VALUES (_id, 'set_stock', digest_of(_item::text, _quantity::text, _collection::text, _level::text), 'done', _actor, _at,
        _item, _quantity, _note, _request_id);
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

-- The items of an owner in a section, now (null) or just after an instant, as JSON text.
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
GRANT EXECUTE ON FUNCTION add_items, adjust, set_stock, inventory, variant TO tuckshop_app;
