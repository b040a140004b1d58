-- Two mugs are bought from the shelf, prepared and handed over; then they come back, and so do the coins.
BEGIN;
INSERT INTO users (id, username) VALUES ('00000000-0000-4000-8000-00000000000a', 'buyer');
INSERT INTO users (id, username, role) VALUES ('00000000-0000-4000-8000-00000000000b', 'desk', 'moderator');
SELECT outcome, balance FROM grant_coins('00000000-0000-7000-8000-000000010000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000001', NULL, NULL, 100, 'welcome');
SELECT i.code FROM items i, set_stock('00000000-0000-7000-8000-000000020000', NULL, NULL, i.id, NULL, NULL, 3, 'delivery')
WHERE i.code = 'cup';
SELECT outcome, price, balance, status FROM purchase('00000000-0000-7000-8000-000000030000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000002', NULL, 'cup', 2, NULL, NULL);

-- It cannot be handed over before it is ready. Repeated, a change has the same outcome and changes nothing.
SELECT * FROM change_order_by_staff('00000000-0000-7000-8000-000000040000', '00000000-0000-7000-8000-000000030000',
    '00000000-0000-4000-8000-00000000000b', NULL, 'handed_over', NULL);
SELECT * FROM change_order_by_staff('00000000-0000-7000-8000-000000050000', '00000000-0000-7000-8000-000000030000',
    '00000000-0000-4000-8000-00000000000b', NULL, 'ready', NULL);
SELECT * FROM change_order_by_staff('00000000-0000-7000-8000-000000060000', '00000000-0000-7000-8000-000000030000',
    '00000000-0000-4000-8000-00000000000b', NULL, 'ready', NULL);

-- The buyer could cancel it only while nobody had prepared it.
SELECT * FROM cancel_own_order('00000000-0000-7000-8000-000000070000', '00000000-0000-7000-8000-000000030000',
    '00000000-0000-4000-8000-00000000000a', NULL, NULL);
SELECT * FROM change_order_by_staff('00000000-0000-7000-8000-000000080000', '00000000-0000-7000-8000-000000030000',
    '00000000-0000-4000-8000-00000000000b', NULL, 'handed_over', NULL);
SELECT * FROM change_order_by_staff('00000000-0000-7000-8000-000000090000', '00000000-0000-7000-8000-000000030000',
    '00000000-0000-4000-8000-00000000000b', NULL, 'returned', 'a crack in one of them');

-- The refund turns both postings of the purchase around.
SELECT o.kind, p.ordinal, p.amount, CASE WHEN p.debit < 1000 THEN p.debit::text WHEN d.owner IS NULL THEN 'shelf' ELSE 'buyer' END AS debit,
       CASE WHEN p.credit < 1000 THEN p.credit::text WHEN c.owner IS NULL THEN 'shelf' ELSE 'buyer' END AS credit
FROM postings p JOIN operations o ON o.id = p.operation
LEFT JOIN accounts d ON d.id = p.debit LEFT JOIN accounts c ON c.id = p.credit
WHERE o.kind IN ('purchase', 'refund') ORDER BY p.operation, p.ordinal;
SELECT item, quantity, total, status, note FROM order_lines;
SELECT coalesce(i.code, 'coins') AS holding, a.balance, a.bought
FROM accounts a JOIN assets s ON s.id = a.asset LEFT JOIN items i ON i.id = s.item_id
WHERE a.owner = '00000000-0000-4000-8000-00000000000a' ORDER BY a.id;
ROLLBACK;
