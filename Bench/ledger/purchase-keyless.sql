\set n :n + 1
\set a random(1, :people)
\set b random(1, 10)
SELECT purchase((lpad(to_hex(:base::bigint + :n::bigint), 12, '0') || '70008' || lpad(to_hex(:client_id::int), 11, '0') || '0000')::uuid, ('00000000-0000-4000-8000-' || lpad(to_hex(:a::int), 12, '0'))::uuid, NULL, '0123456789abcdef0123456789abcdef', (ARRAY['t-shirt', 'cup', 'book', 'pen', 'powerbank', 'hoody', 'umbrella', 'socks', 'wallet', 'pink-hoody'])[:b::int], 1, NULL, NULL);
