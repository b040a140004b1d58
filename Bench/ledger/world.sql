-- :people users with coins, once in the ledger and once in plain tables. The plain tables do the least that a shop
-- could: coins change hands and a row records it. They have no idempotency key, no name for a refusal and no history of
-- a balance.
INSERT INTO users (id, username)
SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'user' || n FROM generate_series(1, :people) AS n;
-- In random order, because people come and go in random order.
INSERT INTO accounts (owner, asset, section, balance) SELECT id, 1, 'main', 1000000000 FROM users WHERE username ~ '^user[0-9]+$' ORDER BY random();

CREATE TABLE bare_wallets (owner uuid PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0)) WITH (fillfactor = 80);
INSERT INTO bare_wallets (owner, balance) SELECT id, 1000000000 FROM users WHERE username ~ '^user[0-9]+$' ORDER BY random();
CREATE TABLE bare_items (code text PRIMARY KEY, price bigint NOT NULL);
INSERT INTO bare_items (code, price) SELECT code, price FROM items WHERE price IS NOT NULL;
CREATE TABLE bare_holdings (owner uuid, item text, quantity bigint NOT NULL, PRIMARY KEY (owner, item));
CREATE TABLE bare_transfers (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender   uuid NOT NULL,
    receiver uuid NOT NULL,
    amount   bigint NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE bare_orders (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner  uuid NOT NULL,
    item   text NOT NULL,
    amount bigint NOT NULL,
    at     timestamptz NOT NULL DEFAULT now()
);
-- The same with the columns that a history needs.
CREATE TABLE found_transfers (LIKE bare_transfers INCLUDING ALL);
CREATE INDEX ON found_transfers (sender, at);
CREATE INDEX ON found_transfers (receiver, at);
CREATE TABLE found_orders (LIKE bare_orders INCLUDING ALL);
CREATE INDEX ON found_orders (owner, at);

SELECT format($template$
    CREATE FUNCTION %1$s_transfer(_from uuid, _to text, _amount bigint) RETURNS void LANGUAGE plpgsql AS $body$
    DECLARE
        _into uuid;
    BEGIN
        SELECT u.id INTO STRICT _into FROM users u WHERE u.username = _to AND u.deleted_at IS NULL;
        -- In one order; otherwise two people who send to each other would deadlock.
        IF _from < _into THEN
            UPDATE bare_wallets SET balance = balance - _amount WHERE owner = _from;
            UPDATE bare_wallets SET balance = balance + _amount WHERE owner = _into;
        ELSE
            UPDATE bare_wallets SET balance = balance + _amount WHERE owner = _into;
            UPDATE bare_wallets SET balance = balance - _amount WHERE owner = _from;
        END IF;
        INSERT INTO %1$s_transfers (sender, receiver, amount) VALUES (_from, _into, _amount);
    END $body$;
    CREATE FUNCTION %1$s_purchase(_owner uuid, _item text, _quantity bigint) RETURNS void LANGUAGE plpgsql AS $body$
    DECLARE
        _price bigint;
    BEGIN
        SELECT price INTO STRICT _price FROM bare_items WHERE code = _item;
        UPDATE bare_wallets SET balance = balance - _price * _quantity WHERE owner = _owner;
        INSERT INTO %1$s_orders (owner, item, amount) VALUES (_owner, _item, _price * _quantity);
        INSERT INTO bare_holdings AS held (owner, item, quantity) VALUES (_owner, _item, _quantity)
        ON CONFLICT (owner, item) DO UPDATE SET quantity = held.quantity + excluded.quantity;
    END $body$
$template$, name) FROM unnest(ARRAY['bare', 'found']) AS name \gexec
VACUUM ANALYZE;
