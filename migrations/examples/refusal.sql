-- A refusal is kept under its key, so a delayed repetition cannot succeed after the buyer got coins.
BEGIN;
INSERT INTO users (id, username) VALUES ('00000000-0000-4000-8000-00000000000a', 'buyer');
SELECT outcome, replayed, balance, available FROM purchase('00000000-0000-7000-8000-000000010000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000001', NULL, 'cup', 1, NULL, NULL);
SELECT outcome, balance FROM grant_coins('00000000-0000-7000-8000-000000020000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000002', NULL, NULL, 100, 'welcome');

-- The repetition arrives late.
SELECT outcome, replayed, available FROM purchase('00000000-0000-7000-8000-000000030000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000001', NULL, 'cup', 1, NULL, NULL);

-- A new key is a new request.
SELECT outcome, replayed, balance, available FROM purchase('00000000-0000-7000-8000-000000040000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000003', NULL, 'cup', 1, NULL, NULL);

-- The refused operation is there and moved nothing.
SELECT o.kind, o.outcome, o.available, count(p.operation) AS postings
FROM operations o LEFT JOIN postings p ON p.operation = o.id GROUP BY o.id ORDER BY o.id;
ROLLBACK;
