-- The functions that move coins.
--
-- transfer and purchase are written for speed: single values, because a variable that holds a row costs as much as a
-- query, and no index that a write could spare.

-- New coins for a user.
CREATE FUNCTION grant_coins(_id uuid, _owner uuid, _key uuid, _actor uuid, _request_id text, _amount bigint, _reason text,
    OUT operation uuid, OUT outcome text, OUT replayed boolean, OUT at timestamptz, OUT balance bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _purse   record;
    _content bytea := digest_of(_amount::text, _reason);
    _rows    bigint;
BEGIN
    SELECT * INTO _purse FROM lock_purse(_owner);
    operation := _id;
    replayed := false;
    balance := _purse.balance + _amount;
    at := greatest(clock_timestamp(), _purse.moved_at + interval '1 microsecond');
    outcome := CASE WHEN balance > greatest_holding() THEN 'overflow' ELSE 'done' END;
    INSERT INTO operations (id, owner, kind, key, content, outcome, actor, at, amount, note, request_id)
    VALUES (_id, _owner, 'grant', _key, _content, outcome, _actor, at, _amount, _reason, _request_id)
    ON CONFLICT (key, owner, kind) WHERE key IS NOT NULL DO NOTHING;
    IF NOT FOUND THEN
        replayed := true;
        balance := _purse.balance;
        SELECT e.operation, e.outcome, e.at INTO operation, outcome, at
        FROM earlier_answer(_owner, 'grant', _key, _content) e;
    ELSIF outcome = 'done' THEN
        UPDATE accounts a SET balance = grant_coins.balance, version = a.version + 1, moved_at = grant_coins.at
        WHERE a.id = _purse.id AND a.version = _purse.version;
        GET DIAGNOSTICS _rows = ROW_COUNT;
        PERFORM require_moved(_rows, 1);
        INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, credit_balance, credit_version, at)
        VALUES (_id, 1, 1, mint(), _purse.id, _amount, balance, _purse.version + 1, at);
    END IF;
END $$;

-- Undoes an UPDATE that moved coins into a purse in this transaction. A negative change moved them out of it.
CREATE FUNCTION take_back(_purse bigint, _change bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE purses p SET balance = p.balance - _change, version = p.version - 1,
        moved_at = coalesce((SELECT max(s.at) FROM statements s WHERE s.account = _purse), '-infinity')
    WHERE p.id = _purse;
END $$;

-- Coins from one user to another. One UPDATE a purse locks it, decides and moves: after a wait, PostgreSQL looks at the
-- row again. What moved is taken back if the other purse refuses or the key is taken, both of which are rare.
CREATE FUNCTION transfer(_id uuid, _owner uuid, _key uuid, _request_id text, _to text, _amount bigint, _message text,
    OUT operation uuid, OUT outcome text, OUT replayed boolean, OUT at timestamptz, OUT balance bigint,
    OUT available bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _payee uuid; _moved timestamptz; _content bytea;
    _from  bigint; _from_version bigint;
    _into  bigint; _into_balance bigint; _into_version bigint;
BEGIN
    SELECT u.id INTO _payee FROM users u WHERE u.username = _to AND u.deleted_at IS NULL;
    IF _payee < _owner THEN
        UPDATE purses p SET balance = p.balance + _amount, version = p.version + 1,
            moved_at = greatest(clock_timestamp(), p.moved_at + interval '1 microsecond')
        WHERE p.owner = _payee AND p.balance <= greatest_holding() - _amount
        RETURNING p.id, p.balance, p.version, p.moved_at INTO _into, _into_balance, _into_version, _moved;
    END IF;
    IF _into IS NOT NULL OR _payee > _owner THEN
        UPDATE purses p SET balance = p.balance - _amount, version = p.version + 1,
            moved_at = greatest(coalesce(_moved, clock_timestamp()), p.moved_at + interval '1 microsecond')
        WHERE p.owner = _owner AND p.balance >= _amount
        RETURNING p.id, p.balance, p.version, p.moved_at INTO _from, balance, _from_version, at;
    END IF;
    IF _from IS NOT NULL AND _payee > _owner THEN
        _moved := at;
        UPDATE purses p SET balance = p.balance + _amount, version = p.version + 1,
            moved_at = greatest(_moved, p.moved_at + interval '1 microsecond')
        WHERE p.owner = _payee AND p.balance <= greatest_holding() - _amount
        RETURNING p.id, p.balance, p.version, p.moved_at INTO _into, _into_balance, _into_version, at;
    END IF;

    operation := _id;
    replayed := false;
    outcome := 'done';
    IF _from IS NULL OR _into IS NULL THEN
        IF _from IS NOT NULL THEN PERFORM take_back(_from, -_amount); END IF;
        IF _into IS NOT NULL THEN PERFORM take_back(_into, _amount); END IF;
        PERFORM lock_purse(least(_owner, _payee));
        PERFORM lock_purse(greatest(_owner, _payee));
        SELECT p.balance INTO balance FROM purses p WHERE p.owner = _owner;
        SELECT p.balance INTO _into_balance FROM purses p WHERE p.owner = _payee;
        outcome := CASE
            WHEN _payee IS NULL THEN 'unknown_recipient'
            WHEN _payee = _owner THEN 'to_oneself'
            WHEN balance < _amount THEN 'insufficient_funds'
            WHEN _into_balance > greatest_holding() - _amount THEN 'overflow'
            ELSE 'done' END;
        IF outcome = 'done' THEN
            -- A purse was missing, or filled up while this call waited. Both are locked now.
            SELECT t.* INTO operation, outcome, replayed, at, balance, available
            FROM transfer(_id, _owner, _key, _request_id, _to, _amount, _message) t;
            RETURN;
        END IF;
        IF outcome = 'insufficient_funds' THEN available := balance; END IF;
        -- Without a key of the caller's, nobody can ask again.
        IF _key IS NULL THEN RETURN; END IF;
        at := clock_timestamp();
    ELSIF at > _moved THEN
        -- The clock was set back, or two calls fell into one microsecond.
        UPDATE purses p SET moved_at = transfer.at WHERE p.id IN (_from, _into);
    END IF;

    IF _key IS NOT NULL THEN
        _content := digest_of(_to, _amount::text, _message);
        -- The owner's purse is locked, so nobody else can be claiming the key.
        IF EXISTS (SELECT FROM operations o WHERE o.key = _key AND o.owner = _owner AND o.kind = 'transfer') THEN
            IF outcome = 'done' THEN
                PERFORM take_back(_from, -_amount);
                PERFORM take_back(_into, _amount);
            END IF;
            replayed := true;
            SELECT e.operation, e.outcome, e.at, e.available INTO operation, outcome, at, available
            FROM earlier_answer(_owner, 'transfer', _key, _content) e;
            SELECT p.debit_balance INTO balance FROM postings p WHERE p.operation = transfer.operation;
            RETURN;
        END IF;
    END IF;
    INSERT INTO operations
        (id, owner, kind, key, content, outcome, actor, at, counterpart, amount, available, note, request_id)
    VALUES (_id, _owner, 'transfer', _key, coalesce(_content, ''), outcome, _owner, at, _payee, _amount, available,
        _message, _request_id);
    IF outcome = 'done' THEN
        INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
            credit_balance, credit_version, at)
        VALUES (_id, 1, 1, _from, _into, _amount, balance, _from_version, _into_balance, _into_version, at);
    END IF;
END $$;

-- Takes a transfer back: by its sender, once, within some seconds, and only if the receiver still has the coins.
CREATE FUNCTION undo_transfer(_id uuid, _owner uuid, _transfer uuid, _seconds integer, _request_id text,
    OUT operation uuid, OUT outcome text, OUT replayed boolean, OUT at timestamptz, OUT balance bigint,
    OUT available bigint, OUT amount bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _first  operations;
    _mine   record;
    _theirs record;
    _rows   bigint;
BEGIN
    operation := _id;
    replayed := false;
    SELECT * INTO _first FROM operations o
    WHERE o.id = _transfer AND o.owner = _owner AND o.kind = 'transfer' AND o.outcome = 'done';
    IF NOT FOUND THEN
        outcome := 'unknown_operation';
        RETURN;
    END IF;
    amount := _first.amount;
    IF _owner < _first.counterpart THEN
        SELECT * INTO _mine FROM lock_purse(_owner);
        SELECT * INTO _theirs FROM lock_purse(_first.counterpart);
    ELSE
        SELECT * INTO _theirs FROM lock_purse(_first.counterpart);
        SELECT * INTO _mine FROM lock_purse(_owner);
    END IF;

    -- Its key is the transfer, so a transfer is taken back once at the most.
    SELECT o.id, o.at INTO operation, at FROM operations o
    WHERE o.key = _transfer AND o.owner = _owner AND o.kind = 'undo_transfer';
    IF FOUND THEN
        outcome := 'done';
        replayed := true;
        SELECT p.credit_balance INTO balance FROM postings p WHERE p.operation = undo_transfer.operation;
        RETURN;
    END IF;
    operation := _id;
    at := greatest(clock_timestamp(), _mine.moved_at + interval '1 microsecond',
        _theirs.moved_at + interval '1 microsecond');
    balance := _mine.balance + amount;
    outcome := CASE
        WHEN at > _first.at + make_interval(secs => _seconds) THEN 'too_late'
        WHEN _theirs.balance < amount THEN 'insufficient_funds'
        WHEN balance > greatest_holding() THEN 'overflow'
        ELSE 'done' END;
    available := _theirs.balance;
    -- A refusal is not kept: the receiver may have the coins again in a moment.
    IF outcome <> 'done' THEN RETURN; END IF;
    INSERT INTO operations (id, owner, kind, key, content, outcome, actor, at, counterpart, amount, reverses, request_id)
    VALUES (_id, _owner, 'undo_transfer', _transfer, digest_of(_transfer::text), outcome, _owner, at,
        _first.counterpart, amount, _transfer, _request_id);
    UPDATE accounts a
    SET balance = CASE a.id WHEN _mine.id THEN undo_transfer.balance ELSE _theirs.balance - undo_transfer.amount END,
        version = a.version + 1, moved_at = undo_transfer.at
    WHERE a.id IN (_mine.id, _theirs.id)
      AND a.version = CASE a.id WHEN _mine.id THEN _mine.version ELSE _theirs.version END;
    GET DIAGNOSTICS _rows = ROW_COUNT;
    PERFORM require_moved(_rows, 2);
    INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
    VALUES (_id, 1, 1, _theirs.id, _mine.id, amount, _theirs.balance - amount, _theirs.version + 1, balance,
        _mine.version + 1, at);
END $$;

-- Every purchase is an order: the state of what was bought, on its way to the buyer.
CREATE TYPE order_status AS ENUM ('ordered', 'ready', 'handed_over', 'cancelled', 'returned');
CREATE TABLE orders (
    owner          uuid NOT NULL,
    -- The operation of the purchase, which has the item, the price and the moment.
    id             uuid NOT NULL,
    asset          bigint NOT NULL,
    quantity       bigint NOT NULL,
    status         order_status NOT NULL,
    ready_at       timestamptz,
    handed_over_at timestamptz,
    cancelled_at   timestamptz,
    returned_at    timestamptz,
    note           text,
    PRIMARY KEY (owner, id)
) WITH (fillfactor = 90);
-- The queues of the staff.
CREATE INDEX orders_by_status ON orders (status, id);
-- The orders that an owner can fetch now. A purchase begins outside it, so it costs purchases nothing. A statement that
-- says IS TRUE as well cannot use the index above, which looks as good to PostgreSQL for an owner with most of the orders.
CREATE INDEX orders_to_fetch ON orders (owner, id) WHERE (status = 'ready') IS TRUE;

-- The content of a request to buy, or its digest if somebody asks for an item with a long name, which there is none.
-- It is cheaper to make than that of any number of words.
CREATE FUNCTION purchase_content(_item text, _quantity bigint, _collection uuid, _level uuid) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(_item) <= 100 THEN convert_to(concat_ws(chr(31), _item, _quantity, _collection, _level), 'UTF8')
    ELSE digest_of(_item, _quantity::text, _collection::text, _level::text) END;

-- Goods for coins, and the order for them.
CREATE FUNCTION purchase(_id uuid, _owner uuid, _key uuid, _request_id text, _item text, _quantity bigint,
    _collection uuid, _level uuid, OUT operation uuid, OUT outcome text, OUT replayed boolean, OUT at timestamptz,
    OUT balance bigint, OUT available bigint, OUT price bigint, OUT status order_status)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _item_id uuid; _on_sale boolean; _goods bigint; _sale text; _limited boolean; _most bigint; _fetched boolean;
    _cost    bigint; _rows bigint; _content bytea; _held bigint;
    _purse   bigint; _purse_balance  bigint; _purse_version  bigint; _purse_moved  timestamptz;
    _basket  bigint; _basket_balance bigint; _basket_version bigint; _basket_moved timestamptz;
    _shelf   bigint; _shelf_balance  bigint; _shelf_version  bigint; _shelf_moved  timestamptz;
BEGIN
    SELECT p.id, p.balance, p.version, p.moved_at INTO _purse, _purse_balance, _purse_version, _purse_moved
    FROM purses p WHERE p.owner = _owner FOR NO KEY UPDATE;
    IF _purse IS NULL THEN
        SELECT p.id, p.balance, p.version, p.moved_at INTO _purse, _purse_balance, _purse_version, _purse_moved
        FROM lock_purse(_owner) p;
    END IF;
    IF _key IS NOT NULL THEN
        _content := purchase_content(_item, _quantity, _collection, _level);
        -- The owner's purse is locked, so nobody else can be claiming the key.
        SELECT e.operation, e.outcome, e.at, e.available INTO operation, outcome, at, available
        FROM earlier_answer(_owner, 'purchase', _key, _content) e;
        IF FOUND THEN
            replayed := true;
            SELECT o.amount / o.quantity INTO price FROM operations o WHERE o.id = purchase.operation;
            SELECT p.debit_balance INTO balance FROM postings p WHERE p.operation = purchase.operation AND p.asset = 1;
            -- As it was first, whatever has happened since.
            SELECT CASE WHEN o.handed_over_at = purchase.at THEN 'handed_over' ELSE 'ordered' END INTO status
            FROM orders o WHERE o.owner = _owner AND o.id = purchase.operation;
            RETURN;
        END IF;
    END IF;
    SELECT i.id, i.price, i.limit_per_person, i.hand_over, i.is_active AND i.retired_at IS NULL AND i.price IS NOT NULL,
           s.id, s.sale, s.stock_limited, b.id, b.balance, b.version, b.moved_at
    INTO _item_id, price, _most, _fetched, _on_sale, _goods, _sale, _limited, _basket, _basket_balance, _basket_version,
         _basket_moved
    FROM items i
    LEFT JOIN assets s ON s.item_id = i.id AND s.collection_id IS NOT DISTINCT FROM _collection
        AND s.quality_level_id IS NOT DISTINCT FROM _level
    LEFT JOIN accounts b ON b.owner = _owner AND b.asset = s.id AND b.section = 'main'
    WHERE i.code = _item;
    IF _limited THEN
        SELECT a.id, a.balance, a.version, a.moved_at INTO _shelf, _shelf_balance, _shelf_version, _shelf_moved
        FROM accounts a WHERE a.owner IS NULL AND a.asset = _goods AND a.section = 'main' FOR NO KEY UPDATE;
        -- The wait for the shelf may have been long, and an admin may have changed the item meanwhile.
        SELECT i.price, i.limit_per_person, i.hand_over, i.is_active AND i.retired_at IS NULL AND i.price IS NOT NULL,
               s.sale, s.stock_limited
        INTO price, _most, _fetched, _on_sale, _sale, _limited
        FROM items i JOIN assets s ON s.id = _goods WHERE i.id = _item_id;
        IF NOT _limited THEN
            _shelf := NULL; _shelf_balance := NULL; _shelf_version := NULL; _shelf_moved := NULL;
        END IF;
    END IF;
    IF _most IS NOT NULL THEN
        SELECT greatest(_most - coalesce(sum(a.bought), 0), 0) INTO _most
        FROM assets s JOIN accounts a ON a.owner = _owner AND a.asset = s.id AND a.section = 'main'
        WHERE s.item_id = _item_id;
    END IF;
    at := greatest(clock_timestamp(), _purse_moved + interval '1 microsecond',
        _basket_moved + interval '1 microsecond', _shelf_moved + interval '1 microsecond');
    -- A division cannot overflow. A cost above the greatest holding is null: nobody can pay it.
    _cost := CASE WHEN _quantity <= greatest_holding() / price THEN price * _quantity END;
    outcome := CASE
        WHEN _on_sale IS NOT TRUE THEN 'unknown_item'
        WHEN _sale IS NULL OR _sale = 'paused' THEN 'unknown_variant'
        WHEN _most < _quantity THEN 'limit_reached'
        WHEN _limited AND coalesce(_shelf_balance, 0) < _quantity THEN 'out_of_stock'
        WHEN _cost IS NULL OR _purse_balance < _cost THEN 'insufficient_funds'
        WHEN _basket_balance > greatest_holding() - _quantity THEN 'overflow'
        ELSE 'done' END;
    operation := _id;
    replayed := false;
    IF outcome <> 'done' THEN
        balance := _purse_balance;
        available := CASE outcome WHEN 'limit_reached' THEN _most WHEN 'out_of_stock' THEN coalesce(_shelf_balance, 0)
            WHEN 'insufficient_funds' THEN _purse_balance END;
        -- A request that lacks a member leaves nothing behind, so that its key may be used for the complete one.
        IF _key IS NULL OR outcome = 'unknown_variant' AND _sale IS NULL THEN RETURN; END IF;
    END IF;
    INSERT INTO operations
        (id, owner, kind, key, content, outcome, actor, at, item_id, amount, quantity, available, request_id)
    VALUES (_id, _owner, 'purchase', _key, coalesce(_content, ''), outcome, _owner, at, _item_id, _cost, _quantity,
        available, _request_id);
    IF outcome <> 'done' THEN RETURN; END IF;

    _held := _basket;
    IF _basket IS NULL THEN
        -- The owner's first of this item. The purse is locked, so no other session can be opening the basket.
        INSERT INTO accounts AS a (owner, asset, section, balance, version, moved_at, bought)
        VALUES (_owner, _goods, 'main', _quantity, 1, purchase.at, _quantity)
        RETURNING a.id, 0, 0 INTO _basket, _basket_balance, _basket_version;
    END IF;
    balance := _purse_balance - _cost;
    UPDATE accounts a
    SET balance = a.balance + CASE a.id WHEN _purse THEN -_cost WHEN _held THEN _quantity ELSE -_quantity END,
        version = a.version + 1, moved_at = purchase.at,
        bought = a.bought + CASE a.id WHEN _held THEN _quantity ELSE 0 END
    WHERE a.id IN (_purse, _held, _shelf)
      AND a.version = CASE a.id WHEN _purse THEN _purse_version WHEN _held THEN _basket_version ELSE _shelf_version END;
    GET DIAGNOSTICS _rows = ROW_COUNT;
    IF _rows <> 1 + num_nonnulls(_held, _shelf) THEN PERFORM require_moved(_rows, 1 + num_nonnulls(_held, _shelf)); END IF;
    status := CASE WHEN _fetched THEN 'ordered' ELSE 'handed_over' END;
    WITH made AS (
        INSERT INTO orders (id, owner, asset, quantity, status, handed_over_at)
        VALUES (_id, _owner, _goods, _quantity, status, CASE WHEN NOT _fetched THEN at END)
    )
    INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version,
        credit_balance, credit_version, at)
    VALUES (_id, 1, 1, _purse, till(), _cost, balance, _purse_version + 1, NULL, NULL, at),
        (_id, 2, _goods, coalesce(_shelf, mint()), _basket, _quantity, _shelf_balance - _quantity, _shelf_version + 1,
            _basket_balance + _quantity, _basket_version + 1, at);
END $$;

-- The wallet for GET /api/info, without names: numbers as text, of goods the account, the variant and the balance, of
-- transfers the other purse and the amount, the newest first. A list of 1001 transfers says that there are more than the
-- answer shows. The workers know the names; looking them up here took more time than everything else.
--
-- A function that only reads has no rights of its own and no settings: PostgreSQL then puts it into the statement that
-- calls it, which is planned once for a session.
CREATE FUNCTION info(_owner uuid) RETURNS TABLE (balance bigint, goods text, received text, sent text)
LANGUAGE sql STABLE AS $$
    SELECT purse.balance, (
               SELECT string_agg(a.id || ' ' || a.asset || ' ' || a.balance, ' ') FROM accounts a
               WHERE a.owner = _owner AND a.asset > 1
           ), (
               SELECT string_agg(p.debit || ' ' || p.amount, ' ') FROM (
                   SELECT p.debit, p.amount FROM postings p
                   WHERE p.credit = purse.id AND p.credit >= 1000 AND p.debit >= 1000
                   ORDER BY p.at DESC LIMIT 1001
               ) p
           ), (
               SELECT string_agg(p.credit || ' ' || p.amount, ' ') FROM (
                   SELECT p.credit, p.amount FROM postings p
                   WHERE p.debit = purse.id AND p.debit >= 1000 AND p.credit >= 1000
                   ORDER BY p.at DESC LIMIT 1001
               ) p
           )
    FROM purses purse WHERE purse.owner = _owner
$$;

GRANT SELECT ON orders TO tuckshop_app;
GRANT EXECUTE ON FUNCTION grant_coins, transfer, undo_transfer, purchase, info TO tuckshop_app;
