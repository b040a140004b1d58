-- A purchase from a stock of three, and one of which the shop has any number.
BEGIN;
INSERT INTO users (id, username) VALUES ('00000000-0000-4000-8000-00000000000a', 'buyer');
SELECT outcome, balance FROM grant_coins('00000000-0000-7000-8000-000000010000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000001', NULL, NULL, 100, 'welcome');
SELECT i.code FROM items i, set_stock('00000000-0000-7000-8000-000000020000', NULL, NULL, i.id, NULL, NULL, 3, NULL) WHERE i.code = 'cup';

SELECT outcome, price, balance FROM purchase('00000000-0000-7000-8000-000000030000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000002', NULL, 'cup', 2, NULL, NULL);
SELECT outcome, price, balance FROM purchase('00000000-0000-7000-8000-000000040000',
    '00000000-0000-4000-8000-00000000000a', NULL, NULL, 'pen', 1, NULL, NULL);

-- Coins go to the till (2). Goods come from the shelf, an account of the shop's own, or from the mint (1).
SELECT o.kind, CASE WHEN p.asset = 1 THEN 'coins' ELSE i.code END AS asset, p.amount,
       CASE WHEN p.debit < 1000 THEN p.debit::text WHEN d.owner IS NULL THEN 'shelf' ELSE 'buyer' END AS debit,
       p.debit_balance,
       CASE WHEN p.credit < 1000 THEN p.credit::text WHEN c.owner IS NULL THEN 'shelf' ELSE 'buyer' END AS credit,
       p.credit_balance
FROM postings p JOIN operations o ON o.id = p.operation JOIN assets s ON s.id = p.asset
LEFT JOIN items i ON i.id = s.item_id LEFT JOIN accounts d ON d.id = p.debit LEFT JOIN accounts c ON c.id = p.credit
ORDER BY p.operation, p.ordinal;
SELECT coalesce(i.code, 'coins') AS holding, a.balance, a.bought
FROM accounts a JOIN assets s ON s.id = a.asset LEFT JOIN items i ON i.id = s.item_id
WHERE a.owner = '00000000-0000-4000-8000-00000000000a' ORDER BY a.id;
ROLLBACK;
