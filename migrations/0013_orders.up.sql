-- The life of an order: ordered, ready, handed over; or cancelled, or returned, and then refunded.
--
-- A refund locks what a purchase locks, in the same order: the purse, then the order, then the shelf. The other changes
-- lock nothing but the order. So of a hand-over and a cancellation at the same time, one waits and then sees the other.

-- Takes a purchase back whole, once: the coins that were paid come from the till, and the goods go to their shelf, or to
-- the mint if their stock is unlimited now.
CREATE FUNCTION refund(_id uuid, _owner uuid, _purchase uuid, _actor uuid, _request_id text, _note text,
    OUT outcome text, OUT at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _first  operations;
    _goods  bigint;
    _purse  record;
    _basket accounts;
    _shelf  accounts;
    _rows   bigint;
BEGIN
    SELECT * INTO STRICT _first FROM operations o
    WHERE o.id = _purchase AND o.owner = _owner AND o.kind = 'purchase' AND o.outcome = 'done';
    SELECT * INTO _purse FROM lock_purse(_owner);
    SELECT a.* INTO STRICT _basket FROM postings p JOIN accounts a ON a.id = p.credit
    WHERE p.operation = _purchase AND p.ordinal = 2;
    _goods := _basket.asset;
    IF (SELECT s.stock_limited FROM assets s WHERE s.id = _goods) THEN
        _shelf := lock_shelf(_goods);
        -- The wait for the shelf may have been long, and an admin may have changed the variant meanwhile.
        IF NOT (SELECT s.stock_limited FROM assets s WHERE s.id = _goods) THEN _shelf := NULL; END IF;
    END IF;
    at := greatest(clock_timestamp(), _purse.moved_at + interval '1 microsecond',
        _basket.moved_at + interval '1 microsecond', _shelf.moved_at + interval '1 microsecond');
    outcome := CASE
        WHEN _basket.balance < _first.quantity THEN 'goods_gone'
        WHEN _purse.balance > greatest_holding() - _first.amount
            OR _shelf.balance > greatest_holding() - _first.quantity THEN 'overflow'
        ELSE 'done' END;
    -- A refusal is not kept: the owner may have the goods again in a moment.
    IF outcome <> 'done' THEN RETURN; END IF;
    -- Its key is the purchase, so no purchase is refunded twice.
    INSERT INTO operations (id, owner, kind, key, content, outcome, actor, at, item_id, amount, quantity, reverses, note,
        request_id)
    VALUES (_id, _owner, 'refund', _purchase, digest_of(_purchase::text), outcome, _actor, at, _first.item_id,
        _first.amount, _first.quantity, _purchase, _note, _request_id);
    UPDATE accounts a
    SET balance = a.balance + CASE a.id WHEN _purse.id THEN _first.amount WHEN _basket.id THEN -_first.quantity
            ELSE _first.quantity END,
        version = a.version + 1, moved_at = refund.at,
        bought = a.bought - CASE a.id WHEN _basket.id THEN _first.quantity ELSE 0 END
    WHERE a.id IN (_purse.id, _basket.id, _shelf.id)
      AND a.version = CASE a.id WHEN _purse.id THEN _purse.version WHEN _basket.id THEN _basket.version
          ELSE _shelf.version END;
    GET DIAGNOSTICS _rows = ROW_COUNT;
    PERFORM require_moved(_rows, 2 + (_shelf.id IS NOT NULL)::int);
    INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
    VALUES (_id, 1, 1, till(), _purse.id, _first.amount, NULL, NULL, _purse.balance + _first.amount, _purse.version + 1, at),
        (_id, 2, _goods, _basket.id, coalesce(_shelf.id, mint()), _first.quantity, _basket.balance - _first.quantity,
            _basket.version + 1, _shelf.balance + _first.quantity, _shelf.version + 1, at);
END $$;

-- Brings an order into a state, once. Repeated, it changes nothing and has the same outcome. The owner of an order may
-- cancel it while it is ordered; all else is for the staff, who need a reason for a refund.
CREATE FUNCTION change_order(_id uuid, _order uuid, _actor uuid, _is_staff boolean, _request_id text,
    _wanted order_status, _note text, OUT outcome text, OUT changed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _owner  uuid;
    _status order_status;
    _at     timestamptz := clock_timestamp();
BEGIN
    changed := false;
    SELECT o.owner INTO _owner FROM operations o WHERE o.id = _order AND o.kind = 'purchase' AND o.outcome = 'done';
    IF NOT FOUND OR NOT _is_staff AND _owner IS DISTINCT FROM _actor THEN
        outcome := 'unknown_order';
        RETURN;
    END IF;
    IF _wanted IN ('cancelled', 'returned') THEN PERFORM lock_purse(_owner); END IF;
    SELECT o.status INTO STRICT _status FROM orders o WHERE o.owner = _owner AND o.id = _order FOR NO KEY UPDATE;
    outcome := CASE
        WHEN _status = _wanted THEN 'done'
        WHEN NOT CASE _wanted
            WHEN 'ready' THEN _status = 'ordered'
            WHEN 'handed_over' THEN _status = 'ready'
            WHEN 'cancelled' THEN _status = 'ordered' OR _status = 'ready' AND _is_staff
            WHEN 'returned' THEN _status = 'handed_over'
            ELSE false END THEN 'order_is_' || _status
        WHEN _note IS NULL AND (_wanted = 'returned' OR _wanted = 'cancelled' AND _actor IS DISTINCT FROM _owner)
            THEN 'reason_missing'
        ELSE 'done' END;
    IF outcome <> 'done' OR _status = _wanted THEN RETURN; END IF;
    IF _wanted IN ('cancelled', 'returned') THEN
        SELECT r.outcome, r.at INTO outcome, _at FROM refund(_id, _owner, _order, _actor, _request_id, _note) r;
        IF outcome <> 'done' THEN RETURN; END IF;
    END IF;
    UPDATE orders o
    SET status = _wanted, note = coalesce(_note, o.note),
        ready_at = CASE _wanted WHEN 'ready' THEN _at ELSE o.ready_at END,
        handed_over_at = CASE _wanted WHEN 'handed_over' THEN _at ELSE o.handed_over_at END,
        cancelled_at = CASE _wanted WHEN 'cancelled' THEN _at ELSE o.cancelled_at END,
        returned_at = CASE _wanted WHEN 'returned' THEN _at ELSE o.returned_at END
    WHERE o.owner = _owner AND o.id = _order;
    changed := true;
END $$;

CREATE FUNCTION cancel_own_order(_id uuid, _order uuid, _actor uuid, _request_id text, _note text,
    OUT outcome text, OUT changed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT c.outcome, c.changed INTO outcome, changed
    FROM change_order(_id, _order, _actor, false, _request_id, 'cancelled', _note) c;
END $$;

CREATE FUNCTION change_order_by_staff(_id uuid, _order uuid, _actor uuid, _request_id text, _wanted order_status,
    _note text, OUT outcome text, OUT changed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM require_role(_actor, 'admin', 'moderator');
    SELECT c.outcome, c.changed INTO outcome, changed
    FROM change_order(_id, _order, _actor, true, _request_id, _wanted, _note) c;
END $$;

-- An order as its readers see it. Each of the other tables is looked up row by row, so a page costs what it shows.
CREATE VIEW order_lines AS
    SELECT o.owner, o.id, o.status, u.username, i.code AS item, i.name, c.code AS collection, q.code AS quality_level,
           o.quantity, p.amount / o.quantity AS price, p.amount AS total, p.at AS ordered_at, o.ready_at,
           o.handed_over_at, o.cancelled_at, o.returned_at, o.note
    FROM orders o
    LEFT JOIN LATERAL (SELECT p.at, p.amount FROM operations p WHERE p.id = o.id LIMIT 1) p ON true
    LEFT JOIN LATERAL (SELECT u.username FROM users u WHERE u.id = o.owner LIMIT 1) u ON true
    LEFT JOIN LATERAL (SELECT * FROM assets s WHERE s.id = o.asset LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT i.code, i.name FROM items i WHERE i.id = s.item_id LIMIT 1) i ON true
    LEFT JOIN LATERAL (SELECT c.code FROM classifiers c WHERE c.id = s.collection_id LIMIT 1) c ON true
    LEFT JOIN LATERAL (SELECT q.code FROM classifiers q WHERE q.id = s.quality_level_id LIMIT 1) q ON true;

GRANT SELECT ON order_lines TO tuckshop_app;
GRANT EXECUTE ON FUNCTION cancel_own_order, change_order_by_staff TO tuckshop_app;
