-- A shop on a plain schema, as a competent person would write it for speed: balances, transfers and purchases, an index
-- for each way of reading, and one function, so one round trip, for each request. All peers of bin/bench --peers call
-- these functions. There are no books, no idempotency keys and no foreign keys, whose checks would make each write
-- slower.
CREATE TABLE users (
    id      bigint PRIMARY KEY,
    name    text COLLATE "C" NOT NULL,
    balance bigint NOT NULL CHECK (balance >= 0)
) WITH (fillfactor = 80);
CREATE TABLE items (name text COLLATE "C" PRIMARY KEY, price bigint NOT NULL);
CREATE TABLE transfers (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender   bigint NOT NULL,
    receiver bigint NOT NULL,
    amount   bigint NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE purchases (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    buyer bigint NOT NULL,
    item  text COLLATE "C" NOT NULL,
    price bigint NOT NULL,
    at    timestamptz NOT NULL DEFAULT now()
);

-- The people and the history of the measured shop, which export.sql has put into files.
\set users :folder /users.copy
\set items :folder /items.copy
\set transfers :folder /transfers.copy
\set purchases :folder /purchases.copy
COPY users (id, name, balance) FROM :'users';
COPY items (name, price) FROM :'items';
COPY transfers (sender, receiver, amount, at) FROM :'transfers';
COPY purchases (buyer, item, price, at) FROM :'purchases';

CREATE UNIQUE INDEX users_by_name ON users (name);
CREATE INDEX transfers_sent ON transfers (sender, id);
CREATE INDEX transfers_received ON transfers (receiver, id);
CREATE INDEX purchases_of_buyer ON purchases (buyer, id);

-- PostgreSQL puts the text of this function into the statement that calls it, so a prepared statement plans it once.
-- The parts come in this order: the coins, the goods in the order of their first purchase, and the newest 1000
-- transfers each way, oldest first. Making JSON of them here would take more time than in the servers.
CREATE FUNCTION info(_user bigint) RETURNS TABLE (part int, name text, amount bigint) LANGUAGE sql STABLE AS $$
    SELECT 0, '', u.balance FROM users u WHERE u.id = _user
    UNION ALL
    (SELECT 1, p.item, count(*) FROM purchases p WHERE p.buyer = _user GROUP BY p.item ORDER BY min(p.id))
    UNION ALL
    (SELECT 2, t.name, t.amount FROM (
        SELECT t.id, o.name, t.amount FROM transfers t JOIN users o ON o.id = t.sender
        WHERE t.receiver = _user ORDER BY t.id DESC LIMIT 1000) t ORDER BY t.id)
    UNION ALL
    (SELECT 3, t.name, t.amount FROM (
        SELECT t.id, o.name, t.amount FROM transfers t JOIN users o ON o.id = t.receiver
        WHERE t.sender = _user ORDER BY t.id DESC LIMIT 1000) t ORDER BY t.id)
$$;

-- Nothing moves unless the outcome is `done`.
CREATE FUNCTION send(_from bigint, _to text, _amount bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    _into bigint;
BEGIN
    SELECT u.id INTO _into FROM users u WHERE u.name = _to;
    IF NOT FOUND THEN RETURN 'unknown'; END IF;
    IF _into = _from THEN RETURN 'oneself'; END IF;
    -- Nobody has that much, and the receiver's balance could overflow.
    IF _amount > 1000000000000000 THEN RETURN 'poor'; END IF;
    -- In the order of ids; otherwise two people who send to each other would deadlock.
    IF _into < _from THEN
        UPDATE users u SET balance = u.balance + _amount WHERE u.id = _into;
    END IF;
    UPDATE users u SET balance = u.balance - _amount WHERE u.id = _from AND u.balance >= _amount;
    IF NOT FOUND THEN
        IF _into < _from THEN
            UPDATE users u SET balance = u.balance - _amount WHERE u.id = _into;
        END IF;
        RETURN 'poor';
    END IF;
    IF _into > _from THEN
        UPDATE users u SET balance = u.balance + _amount WHERE u.id = _into;
    END IF;
    INSERT INTO transfers (sender, receiver, amount) VALUES (_from, _into, _amount);
    RETURN 'done';
END $$;

CREATE FUNCTION buy(_buyer bigint, _item text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    _price bigint;
BEGIN
    SELECT i.price INTO _price FROM items i WHERE i.name = _item;
    IF NOT FOUND THEN RETURN 'unknown'; END IF;
    UPDATE users u SET balance = u.balance - _price WHERE u.id = _buyer AND u.balance >= _price;
    IF NOT FOUND THEN RETURN 'poor'; END IF;
    INSERT INTO purchases (buyer, item, price) VALUES (_buyer, _item, _price);
    RETURN 'done';
END $$;

GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO tuckshop_app;
VACUUM (ANALYZE);
