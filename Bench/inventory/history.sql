-- The postings that add_items would have written, ten lines at a time: versions without a gap, the balance after each
-- posting, and times that increase by a microsecond from line to line. :postings is their number.
BEGIN;
INSERT INTO items (code, name, class_id, type_id)
SELECT 'bench-hammer-' || n, 'Hammer ' || n, k.parent_id, k.id
FROM generate_series(1, 20) AS n, classifiers k WHERE k.classifier = 'item_type' AND k.code = 'hammer';
CREATE TEMP VIEW hammers AS SELECT id FROM items WHERE code LIKE 'bench-hammer-%';
INSERT INTO item_collections (item_id, collection_id)
SELECT h.id, k.id FROM hammers h, classifiers k WHERE k.classifier = 'collection';
INSERT INTO item_quality_levels (item_id, quality_level_id)
SELECT h.id, k.id FROM hammers h, classifiers k
WHERE k.classifier = 'quality_level' AND k.code IN ('wooden', 'stone', 'metal', 'diamond');
-- With the standard ones, 25 variants of each hammer.
INSERT INTO assets (item_id, collection_id, quality_level_id)
SELECT h.id, c.id, q.id FROM hammers h
CROSS JOIN (SELECT NULL::uuid AS id UNION ALL SELECT id FROM classifiers WHERE classifier = 'collection') c
LEFT JOIN LATERAL (
    SELECT NULL::uuid AS id UNION ALL SELECT l.quality_level_id FROM item_quality_levels l WHERE l.item_id = h.id
) q ON true
ON CONFLICT DO NOTHING;
CREATE TEMP TABLE variants AS
SELECT row_number() OVER (ORDER BY s.id) - 1 AS number, s.id AS asset,
       jsonb_build_object('item', s.item_id, 'collection', c.id, 'level', q.id, 'quantity', 2) AS asked,
       jsonb_strip_nulls(jsonb_build_object('item_id', s.item_id, 'collection', c.code, 'quality_level', q.code)) AS name
FROM assets s LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
WHERE s.item_id IN (SELECT id FROM hammers);

SELECT extract(epoch FROM now() - interval '2 years')::bigint * 1000000 AS began,
       730 * 86400000000 / (:postings / 10 + 1) AS gap \gset
CREATE TEMP TABLE lines AS
SELECT u.id AS owner, (p % 10 + 1)::smallint AS ordinal, v.asset, v.asked, v.name, p / 500 + 1 AS version, o.at,
       o.at + p % 10 * interval '1 microsecond' AS moment,
       -- Like UUID.operation, with room for the ids of the lines.
       (lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex(us % 1000), 3, '0')
         || '8' || lpad(to_hex(h.number), 11, '0') || '0000')::uuid AS operation
FROM (VALUES (1, 'few', 500), (2, 'much', :postings)) AS h (number, username, postings)
JOIN users u USING (username)
CROSS JOIN LATERAL generate_series(0, h.postings - 1) AS p
CROSS JOIN LATERAL (SELECT :began + p / 10 * :gap::bigint AS us) AS since
CROSS JOIN LATERAL (SELECT 'epoch'::timestamptz + us * interval '1 microsecond' AS at) AS o
JOIN variants v ON v.number = p % 500;
ANALYZE variants, lines;

INSERT INTO accounts (owner, asset, section, balance, version, moved_at)
SELECT owner, asset, 'main', 2 * count(*), count(*), max(moment) FROM lines GROUP BY owner, asset ORDER BY owner, asset;
INSERT INTO operations (id, owner, kind, key, content, outcome, at, details)
SELECT operation, owner, 'add_items', operation,
       digest_of('system_reward', 'main', jsonb_agg(asked ORDER BY ordinal)::text, NULL), 'done', at,
       jsonb_build_object('lines', count(*), 'section', 'main', 'type', 'system_reward',
         'final_balances', jsonb_agg(name || jsonb_build_object('balance', 2 * version) ORDER BY ordinal))
FROM lines GROUP BY operation, owner, at ORDER BY at;
INSERT INTO postings (operation, ordinal, asset, debit, credit, amount, debit_balance, debit_version, credit_balance,
    credit_version, at)
SELECT l.operation, l.ordinal, l.asset, mint(), a.id, 2, NULL, NULL, 2 * l.version, l.version, l.moment
FROM lines l JOIN accounts a ON a.owner = l.owner AND a.asset = l.asset AND a.section = 'main' ORDER BY l.moment;
COMMIT;
-- All tables that are read. Otherwise PostgreSQL would analyse them in the middle of a round, and change its plans.
VACUUM (ANALYZE) users, classifiers, items, item_collections, item_quality_levels, assets, accounts, operations, postings,
    reservations;
