-- A transfer, asked for again under its key, asked for otherwise under the same key, and taken back.
BEGIN;
INSERT INTO users (id, username) VALUES
    ('00000000-0000-4000-8000-00000000000a', 'giver'), ('00000000-0000-4000-8000-00000000000b', 'receiver');
SELECT outcome, balance FROM grant_coins('00000000-0000-7000-8000-000000010000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000001', NULL, NULL, 100, 'welcome');

SELECT outcome, replayed, balance FROM transfer('00000000-0000-7000-8000-000000020000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000002', NULL, 'receiver', 30, 'for the cake');

-- The network failed and the client asks again: nothing moves, and the answer is the first one.
SELECT outcome, replayed, balance FROM transfer('00000000-0000-7000-8000-000000030000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000002', NULL, 'receiver', 30, 'for the cake');

-- The same key with another amount is another request.
SELECT outcome, replayed FROM transfer('00000000-0000-7000-8000-000000040000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000002', NULL, 'receiver', 31, 'for the cake');

SELECT outcome, amount, balance FROM undo_transfer('00000000-0000-7000-8000-000000050000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-7000-8000-000000020000', 60, NULL);

-- Each posting carries balance and version of both sides. The mint has neither.
SELECT o.kind, debtor.username AS debit, p.debit_balance, p.debit_version AS version, creditor.username AS credit,
       p.credit_balance, p.credit_version AS version, p.amount
FROM postings p JOIN operations o ON o.id = p.operation
LEFT JOIN (purses d JOIN users debtor ON debtor.id = d.owner) ON d.id = p.debit
LEFT JOIN (purses c JOIN users creditor ON creditor.id = c.owner) ON c.id = p.credit
ORDER BY p.operation;
ROLLBACK;
