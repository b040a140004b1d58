-- Two cups are set aside and returned. One cup is set aside and consumed.
BEGIN;
INSERT INTO users (id, username) VALUES ('00000000-0000-4000-8000-00000000000a', 'maker');
SELECT jsonb_build_array(jsonb_build_object('item', id, 'quantity', 2)) AS two,
       jsonb_build_array(jsonb_build_object('item', id, 'quantity', 1)) AS one FROM items WHERE code = 'cup' \gset
SELECT outcome, details -> 'lines' AS lines FROM add_items('00000000-0000-7000-8000-000000010000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000001', NULL, NULL, 'system_reward', 'main',
    :'two', NULL);

SELECT outcome, replayed FROM reserve('00000000-0000-7000-8000-000000020000', '00000000-0000-4000-8000-00000000000a',
    '00000000-0000-4000-8000-000000000002', NULL, NULL, :'two', 3600);
SELECT a.section, a.balance FROM accounts a WHERE a.owner = '00000000-0000-4000-8000-00000000000a' AND a.asset > 1
ORDER BY a.section;

SELECT outcome, replayed FROM return_reserve('00000000-0000-7000-8000-000000030000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000002', NULL, NULL);
-- A reservation ends once. To return it again is a repetition; to consume it is refused.
SELECT outcome, replayed FROM return_reserve('00000000-0000-7000-8000-000000040000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000002', NULL, NULL);
SELECT outcome, replayed FROM consume_reserve('00000000-0000-7000-8000-000000050000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000002', NULL, NULL);

SELECT outcome, replayed FROM reserve('00000000-0000-7000-8000-000000060000', '00000000-0000-4000-8000-00000000000a',
    '00000000-0000-4000-8000-000000000003', NULL, NULL, :'one', NULL);
SELECT outcome, replayed FROM consume_reserve('00000000-0000-7000-8000-000000070000',
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-000000000003', NULL, NULL);
SELECT a.section, s.change, s.balance, s.version, o.kind FROM statements s JOIN accounts a ON a.id = s.account
JOIN operations o ON o.id = s.operation ORDER BY a.section, s.version;
ROLLBACK;
