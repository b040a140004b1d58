-- The people of the measured shop and their history, as files for schema.sql.
\set users :folder /users.copy
\set items :folder /items.copy
\set transfers :folder /transfers.copy
\set purchases :folder /purchases.copy
COPY (
    SELECT ('x' || right(u.id::text, 12))::bit(48)::bigint, u.username, p.balance
    FROM users u JOIN purses p ON p.owner = u.id WHERE u.id::text LIKE '10ad0000-%' ORDER BY 1
) TO :'users';
COPY (SELECT code, price FROM items WHERE price IS NOT NULL) TO :'items';
COPY (
    SELECT ('x' || right(o.owner::text, 12))::bit(48)::bigint, ('x' || right(o.counterpart::text, 12))::bit(48)::bigint,
           o.amount, o.at
    FROM operations o WHERE o.kind = 'transfer' AND o.outcome = 'done' AND o.owner::text LIKE '10ad0000-%' ORDER BY o.at
) TO :'transfers';
COPY (
    SELECT ('x' || right(o.owner::text, 12))::bit(48)::bigint, i.code, o.amount, o.at
    FROM operations o JOIN items i ON i.id = o.item_id
    WHERE o.kind = 'purchase' AND o.outcome = 'done' AND o.owner::text LIKE '10ad0000-%' ORDER BY o.at
) TO :'purchases';
