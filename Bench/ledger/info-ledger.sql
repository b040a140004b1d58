\set a random(1, :people)
SELECT * FROM info(('00000000-0000-4000-8000-' || lpad(to_hex(:a::int), 12, '0'))::uuid);
