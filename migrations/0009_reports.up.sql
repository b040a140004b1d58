-- Totals over many days, so that no report has to read every operation of those days.
--
-- The pool ops adds the totals up afterwards, in its quiet moments; writes to the ledger do not. Totals reach up to an
-- operation, in the order of ids, and a report adds the few operations after it.

-- Coins in transfers that were not taken back. An undo is subtracted from the day (UTC) of its transfer.
CREATE TABLE transfer_totals (
    side      text COLLATE "C" NOT NULL CHECK (side IN ('given', 'received')),
    span      text COLLATE "C" NOT NULL CHECK (span IN ('day', 'week', 'month', 'year')),
    first_day date NOT NULL,
    person    uuid NOT NULL,
    coins     bigint NOT NULL,
    transfers bigint NOT NULL,
    -- Includes the figures, so that a sum over many people reads only the index.
    PRIMARY KEY (side, span, first_day, person) INCLUDE (coins, transfers)
) WITH (fillfactor = 80);
CREATE INDEX transfer_totals_by_rank ON transfer_totals (span, first_day, coins DESC, person) WHERE side = 'given';

-- The purchases of a variant on a day (UTC). A refund counts beside its purchase, on the day of the purchase, so that
-- a past day says how much of it was kept.
CREATE TABLE purchase_totals (
    day            date NOT NULL,
    asset          bigint NOT NULL,
    purchases      bigint NOT NULL,
    quantity       bigint NOT NULL,
    coins          bigint NOT NULL,
    -- Cancelled or returned since.
    returned       bigint NOT NULL,
    returned_coins bigint NOT NULL,
    PRIMARY KEY (day, asset)
) WITH (fillfactor = 80);

-- How coins moved on a day (UTC), each movement on the day on which it happened. Only an undo is subtracted from the day
-- of its transfer.
CREATE TABLE coin_totals (
    day         date PRIMARY KEY,
    granted     bigint NOT NULL,
    spent       bigint NOT NULL,
    returned    bigint NOT NULL,
    sent        bigint NOT NULL,
    -- The coins of all users together at the end of the day. A sum over the days before would grow with the shop's age.
    outstanding bigint NOT NULL
) WITH (fillfactor = 50);

-- One row: how far the totals reach.
CREATE TABLE rollup (
    is_only          boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    taken_up_to      uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    -- No operation up to this id can appear any more.
    settled_up_to    uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    -- None up to this id can appear, once every transaction before this one is over.
    next_up_to       uuid,
    next_transaction xid8
) WITH (fillfactor = 10);
INSERT INTO rollup DEFAULT VALUES;

-- The next operations in the order of the index on ids, so that no more are read than are wanted.
CREATE FUNCTION operations_after(_id uuid, _through uuid, _most bigint) RETURNS SETOF operations
LANGUAGE sql STABLE AS $$
    SELECT * FROM operations o WHERE o.id > _id AND o.id <= _through ORDER BY o.id LIMIT _most
$$;

-- The change that these operations make to the totals of transfers. Here and below, other rows are looked up one by one:
-- for a join, PostgreSQL may read a whole table.
CREATE FUNCTION transfers_after(_id uuid, _through uuid, _most bigint)
RETURNS TABLE (day date, giver uuid, receiver uuid, coins bigint, transfers bigint) LANGUAGE sql STABLE AS $$
    SELECT (coalesce(undone.at, o.at) AT TIME ZONE 'UTC')::date, o.owner, o.counterpart,
           CASE o.kind WHEN 'transfer' THEN o.amount ELSE -o.amount END, CASE o.kind WHEN 'transfer' THEN 1 ELSE -1 END
    FROM operations_after(_id, _through, _most) o
    LEFT JOIN LATERAL (SELECT u.at FROM operations u WHERE u.id = o.reverses LIMIT 1) undone ON true
    WHERE o.kind IN ('transfer', 'undo_transfer') AND o.outcome = 'done'
$$;

-- The change to the totals of purchases.
CREATE FUNCTION purchases_after(_id uuid, _through uuid, _most bigint)
RETURNS TABLE (day date, asset bigint, purchases bigint, quantity bigint, coins bigint, returned bigint,
    returned_coins bigint) LANGUAGE sql STABLE AS $$
    SELECT (coalesce(undone.at, o.at) AT TIME ZONE 'UTC')::date, p.asset, k.is_purchase, k.is_purchase * p.amount,
           k.is_purchase * o.amount, k.is_refund * p.amount, k.is_refund * o.amount
    FROM operations_after(_id, _through, _most) o
    CROSS JOIN LATERAL (
        SELECT (o.kind = 'purchase')::int::bigint AS is_purchase, (o.kind = 'refund')::int::bigint AS is_refund) k
    CROSS JOIN LATERAL (
        SELECT p.asset, p.amount FROM postings p WHERE p.operation = o.id AND p.asset > 1 OFFSET 0) p
    LEFT JOIN LATERAL (SELECT u.at FROM operations u WHERE u.id = o.reverses LIMIT 1) undone ON true
    WHERE o.kind IN ('purchase', 'refund') AND o.outcome = 'done'
$$;

-- The change to the totals of coins. It follows the postings, so every kind of operation counts.
CREATE FUNCTION coins_after(_id uuid, _through uuid, _most bigint)
RETURNS TABLE (day date, granted bigint, spent bigint, returned bigint, sent bigint, change bigint)
LANGUAGE sql STABLE AS $$
    SELECT (coalesce(undone.at, o.at) AT TIME ZONE 'UTC')::date,
           CASE WHEN p.debit = mint() THEN p.amount ELSE 0 END, CASE WHEN p.credit = till() THEN p.amount ELSE 0 END,
           CASE WHEN p.debit = till() THEN p.amount ELSE 0 END,
           CASE WHEN p.debit < 1000 OR p.credit < 1000 THEN 0 WHEN undone.at IS NULL THEN p.amount ELSE -p.amount END,
           CASE WHEN p.debit >= 1000 THEN 0 ELSE p.amount END - CASE WHEN p.credit >= 1000 THEN 0 ELSE p.amount END
    FROM operations_after(_id, _through, _most) o
    CROSS JOIN LATERAL (
        SELECT p.debit, p.credit, p.amount FROM postings p WHERE p.operation = o.id AND p.asset = 1 OFFSET 0) p
    LEFT JOIN LATERAL (
        SELECT u.at FROM operations u WHERE u.id = o.reverses AND o.kind = 'undo_transfer' LIMIT 1) undone ON true
$$;

-- Adds the next operations to the totals, `_most` of them at the most; false if there are no more for now.
--
-- An operation appears late: it gets its id, its transaction gets a number with the first lock, and it appears when that
-- transaction commits. `_before` is an id old enough that every operation with an earlier id has its number by now, or
-- has failed. When all transactions with smaller numbers than ours are over, no operation can appear before `_before`
-- any more, however long those transactions took.
CREATE FUNCTION roll_up(_before uuid, _most integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _state rollup;
    _last  uuid;
BEGIN
    -- With nothing to do, it writes nothing.
    SELECT * INTO _state FROM rollup;
    IF _state.taken_up_to = _state.settled_up_to AND (
        _state.next_transaction > pg_snapshot_xmin(pg_current_snapshot())
        OR _state.next_up_to IS NULL AND NOT EXISTS (SELECT FROM operations_after(_state.taken_up_to, _before, 1)))
    THEN
        RETURN false;
    END IF;
    SELECT * INTO _state FROM rollup FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN false; END IF;
    IF _state.taken_up_to = _state.settled_up_to THEN
        IF _state.next_up_to IS NULL THEN
            UPDATE rollup SET next_up_to = greatest(_before, _state.settled_up_to), next_transaction = pg_current_xact_id();
            RETURN true;
        END IF;
        IF _state.next_transaction > pg_snapshot_xmin(pg_current_snapshot()) THEN RETURN false; END IF;
        _state.settled_up_to := _state.next_up_to;
        UPDATE rollup SET settled_up_to = _state.settled_up_to, next_up_to = NULL, next_transaction = NULL;
    END IF;

    SELECT o.id INTO _last FROM operations_after(_state.taken_up_to, _state.settled_up_to, _most) o
    ORDER BY o.id OFFSET _most - 1;
    _last := coalesce(_last, _state.settled_up_to);
    INSERT INTO transfer_totals AS t (side, span, first_day, person, coins, transfers)
    SELECT s.side, s.span, date_trunc(s.span, m.day::timestamp)::date, s.person, sum(m.coins), sum(m.transfers)
    FROM transfers_after(_state.taken_up_to, _last, _most) m CROSS JOIN LATERAL (VALUES
        ('given', 'day', m.giver), ('given', 'week', m.giver), ('given', 'month', m.giver), ('given', 'year', m.giver),
        ('received', 'day', m.receiver), ('received', 'month', m.receiver)) AS s (side, span, person)
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (side, span, first_day, person)
        DO UPDATE SET coins = t.coins + EXCLUDED.coins, transfers = t.transfers + EXCLUDED.transfers;
    INSERT INTO purchase_totals AS t (day, asset, purchases, quantity, coins, returned, returned_coins)
    SELECT p.day, p.asset, sum(p.purchases), sum(p.quantity), sum(p.coins), sum(p.returned), sum(p.returned_coins)
    FROM purchases_after(_state.taken_up_to, _last, _most) p GROUP BY 1, 2
    ON CONFLICT (day, asset) DO UPDATE SET purchases = t.purchases + EXCLUDED.purchases,
        quantity = t.quantity + EXCLUDED.quantity, coins = t.coins + EXCLUDED.coins,
        returned = t.returned + EXCLUDED.returned, returned_coins = t.returned_coins + EXCLUDED.returned_coins;
    -- A change also moves what was outstanding on every later day that has a row. There is rarely one.
    WITH moved AS MATERIALIZED (
        SELECT m.day, sum(m.granted) AS granted, sum(m.spent) AS spent, sum(m.returned) AS returned, sum(m.sent) AS sent,
               sum(m.change) AS change
        FROM coins_after(_state.taken_up_to, _last, _most) m GROUP BY 1
    ), days AS (
        SELECT m.day FROM moved m
        UNION
        SELECT t.day FROM coin_totals t WHERE t.day > (SELECT min(m.day) FROM moved m)
    )
    INSERT INTO coin_totals AS t (day, granted, spent, returned, sent, outstanding)
    SELECT d.day, coalesce(m.granted, 0), coalesce(m.spent, 0), coalesce(m.returned, 0), coalesce(m.sent, 0),
           coalesce((SELECT b.outstanding FROM coin_totals b WHERE b.day <= d.day ORDER BY b.day DESC LIMIT 1), 0)
               + coalesce(sum(m.change) OVER (ORDER BY d.day), 0)
    FROM days d LEFT JOIN moved m ON m.day = d.day
    ON CONFLICT (day) DO UPDATE SET granted = t.granted + EXCLUDED.granted, spent = t.spent + EXCLUDED.spent,
        returned = t.returned + EXCLUDED.returned, sent = t.sent + EXCLUDED.sent, outstanding = EXCLUDED.outstanding;
    UPDATE rollup SET taken_up_to = _last;
    RETURN true;
END $$;

-- Starts the totals again; the pool ops adds them up. Use it after writes that went past the ledger's functions with ids
-- of earlier days, and after a clock was set back.
CREATE FUNCTION forget_totals() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- DELETE, because readers see the old totals meanwhile, which TRUNCATE would hide from them.
    DELETE FROM rollup;
    INSERT INTO rollup DEFAULT VALUES;
    DELETE FROM transfer_totals;
    DELETE FROM purchase_totals;
    DELETE FROM coin_totals;
END $$;

-- ---- daily balances

-- The last posting of an account before an instant.
CREATE FUNCTION posting_before(_account bigint, _instant timestamptz) RETURNS TABLE (at timestamptz, balance bigint)
LANGUAGE sql STABLE AS $$
    SELECT last.at, last.balance FROM (
        (SELECT p.at, p.debit_balance AS balance FROM postings p
         WHERE p.debit = _account AND p.debit >= 1000 AND p.at < _instant ORDER BY p.at DESC LIMIT 1)
        UNION ALL
        (SELECT p.at, p.credit_balance FROM postings p
         WHERE p.credit = _account AND p.credit >= 1000 AND p.at < _instant ORDER BY p.at DESC LIMIT 1)
    ) last ORDER BY last.at DESC LIMIT 1
$$;

-- The items of an owner in a section at the end of each day (UTC), as JSON text; null if there would be more than `_most`
-- quantities. It follows each account backwards from the last day, one step for each day on which the account moved, so
-- neither quiet days nor days with many postings cost more.
CREATE FUNCTION daily_inventory(_owner uuid, _section text, _from date, _to date, _most bigint)
RETURNS TABLE (document text) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE held AS MATERIALIZED (
        SELECT a.id, concat('{"item_id":"', i.id, '","item_class":', to_json(class.code),
            ',"item_type":', to_json(type.code), ',"collection":' || to_json(c.code)::text,
            ',"quality_level":' || to_json(q.code)::text, ',"quantity":') AS variant
        FROM accounts a
        JOIN assets s ON s.id = a.asset JOIN items i ON i.id = s.item_id
        JOIN classifiers class ON class.id = i.class_id JOIN classifiers type ON type.id = i.type_id
        LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
        WHERE a.owner = _owner AND a.section = _section AND a.asset > 1
    ), size AS MATERIALIZED (
        SELECT count(*) * (_to - _from + 1) <= _most AS fits FROM held
    ), steps AS (
        SELECT h.id, _to AS last_day, (p.at AT TIME ZONE 'UTC')::date AS first_day, p.balance
        FROM size JOIN held h ON size.fits
        CROSS JOIN LATERAL posting_before(h.id, (_to + 1)::timestamp AT TIME ZONE 'UTC') p
        UNION ALL
        SELECT s.id, s.first_day - 1, (p.at AT TIME ZONE 'UTC')::date, p.balance
        FROM steps s CROSS JOIN LATERAL posting_before(s.id, s.first_day::timestamp AT TIME ZONE 'UTC') p
        WHERE s.first_day > _from
    ), days AS (
        SELECT _from + n AS day, string_agg(concat(h.variant, s.balance, '}'), ',' ORDER BY h.id) AS items
        FROM steps s JOIN held h ON h.id = s.id
        CROSS JOIN LATERAL generate_series(greatest(s.first_day - _from, 0), s.last_day - _from) n
        WHERE s.balance > 0 GROUP BY n
    )
    SELECT concat('[', string_agg(concat('{"date":"', _from + n, '","items":[', d.items, ']}'), ',' ORDER BY n), ']')
    FROM size CROSS JOIN generate_series(0, _to - _from) n LEFT JOIN days d ON d.day = _from + n
    WHERE size.fits HAVING count(*) > 0
$$;

GRANT SELECT ON transfer_totals, purchase_totals, coin_totals, rollup TO tuckshop_app;
GRANT EXECUTE ON FUNCTION operations_after, transfers_after, purchases_after, coins_after, roll_up, posting_before,
    daily_inventory TO tuckshop_app;
