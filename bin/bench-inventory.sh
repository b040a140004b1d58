# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/bench and bin/lib.sh set these.
# bin/bench --inventory: whether an inventory costs more the longer its history is. Two people have the same 500
# variants: "few" got each of them once, two years ago, and "much" has been getting more of them ever since. What they
# have now, and what they had a year ago, should cost about the same.
postings=1000000

# holder NAME: prints a token. Whoever the shop does not know comes in by this, and it lasts for half a day.
holder() {
  local token='' tries=100
  until token=$(curl -q -s -f -m 5 --noproxy '*' -d "{\"username\":\"$1\",\"password\":\"a password for benches\"}" \
    "http://${address[site]}/api/auth" | sed -n 's/.*"token":"\([^"]*\)".*/\1/p') && [ -n "$token" ]; do
    [ $((tries--)) -gt 0 ] || fail_with_log "$log" "$1 cannot sign in."
    sleep 0.1
  done
  echo "$token"
}

# What add_items would have written, ten lines at a time: versions without a gap, the balance after each posting, and
# moments that increase by a microsecond from line to line.
make_history() {
  cat >"$world/history.sql" <<'END'
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
-- With the standard ones, 5 times 5 of each hammer.
INSERT INTO assets (item_id, collection_id, quality_level_id)
SELECT h.id, c.id, q.id FROM hammers h
CROSS JOIN (SELECT NULL::uuid AS id UNION ALL SELECT id FROM classifiers WHERE classifier = 'collection') c
LEFT JOIN LATERAL (
    SELECT NULL::uuid AS id UNION ALL SELECT l.quality_level_id FROM item_quality_levels l WHERE l.item_id = h.id
) q ON true;
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
       -- As UUID.operation makes it, with room for the ids of the lines.
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
INSERT INTO postings
SELECT l.operation, l.ordinal, l.asset, mint(), a.id, 2, NULL, NULL, 2 * l.version, l.version, l.moment
FROM lines l JOIN accounts a ON a.owner = l.owner AND a.asset = l.asset AND a.section = 'main' ORDER BY l.moment;
COMMIT;
-- All that is read: PostgreSQL would come to it by itself in the middle of a round, and go on by another plan.
VACUUM (ANALYZE) users, classifiers, items, item_collections, item_quality_levels, assets, accounts, operations, postings,
    reservations;
END
  step "$log" "$pg_bin/psql" -X -q -v ON_ERROR_STOP=1 -v postings="$postings" -U tuckshop_owner \
    -f "$world/history.sql" || fail_with_log "$log" "the history could not be written."
  # Or it would be written to disk while we measure.
  step "$log" "$pg_bin/psql" -X -q -U postgres -c CHECKPOINT || fail_with_log "$log" "there was no checkpoint."
  step "$log" "${as_user[@]}" "$world/tuckshop" verify ||
    fail_with_log "$log" "the ledger would not have written this history."
}

# ask NAME TOKEN QUERY: a load that adds ms a request, p50 and p99 in ms and µs of PostgreSQL's CPU a request. There
# are four connections, which keep two processors busy; of more, one would measure how they wait for each other.
ask() {
  local before count micros p50 p99 refused broken
  : >"$world/wrk"
  before=$(postgres_ticks)
  step "$world/wrk" wrk -t 1 -c 4 -d "${seconds}s" -s "$world/report.lua" -H "Authorization: Bearer $2" \
    "http://${address[site]}/inventory$3" || fail_with_log "$world/wrk" "wrk failed."
  read -r _ count micros p50 p99 refused broken < <(grep '^result ' "$world/wrk")
  if [ "$count" -eq 0 ] || [ $((refused + broken)) -gt 0 ]; then
    fail_with_log "$log" "$1: of $count answers $refused were errors; $broken socket errors and timeouts."
  fi
  awk -v n="$count" -v us="$micros" -v p50="$p50" -v p99="$p99" -v ticks=$(($(postgres_ticks) - before)) \
    -v hz="$(getconf CLK_TCK)" \
    'BEGIN { print 4 * us / n / 1000, p50 / 1000, p99 / 1000, ticks * 1e6 / hz / n }' >>"$world/$1"
}

# Of all its processes. A session's time is added to its parent's when it has ended.
postgres_ticks() {
  local pid=${children[postgres]} pids
  read -ra pids <<<"$(<"/proc/$pid/task/$pid/children")"
  for pid in "$pid" "${pids[@]}"; do cat "/proc/$pid/stat" 2>/dev/null || true; done |
    awk '{ sum += $14 + $15 + $16 + $17 } END { print sum }'
}

# Or two answers of different length would be compared.
check_inventories() {
  local name when count
  for name in few much; do
    for when in now past; do
      count=$(curl -q -s -f -m 5 --noproxy '*' -H "Authorization: Bearer ${token_of[$name]}" \
        "http://${address[site]}/inventory${query[$when]}" | grep -o '"item_id"' | wc -l)
      [ "$count" -eq 500 ] || fail_with_log "$log" "$name has $count variants instead of 500 ($when)."
    done
  done
}

declare -A token_of=() query=()
measure_inventory() {
  local round name when
  [ "$postings" -ge 2000 ] || fail "with less than 2000 postings nobody would have had everything a year ago."
  start_storm_pools
  start_nginx
  for name in few much; do token_of[$name]=$(holder $name); done
  query=([now]='' [past]="?at=$(date -u -d '1 year ago' +%FT%TZ)")
  say "Writing a history of $postings postings …"
  make_history
  check_inventories
  say "$(date -u +%FT%TZ), $(nproc) processors, load average $(cut -d ' ' -f 1-3 /proc/loadavg), $workers workers," \
    "4 connections, $rounds rounds of $seconds s."
  for ((round = 0; round <= rounds; round++)); do
    if [ -t 2 ]; then printf '\rround %d of %d …' "$round" "$rounds" >&2; fi
    for when in now past; do
      for name in few much; do ask "$when-$name" "${token_of[$name]}" "${query[$when]}"; done
    done
    # The first one, in which plans are made and pages are read, does not count.
    if [ "$round" -eq 0 ]; then rm "$world"/{now,past}-{few,much}; fi
  done
  report_inventory
}

report_inventory() {
  local when name count
  say "
| 500 variants | postings | ms a request | p50 ms | p99 ms | µs of PostgreSQL's CPU |
|--------------|---------:|-------------:|-------:|-------:|-----------------------:|"
  for when in now past; do
    for name in few much; do
      count=500
      if [ "$name" = much ]; then count=$postings; fi
      printf "| %s | %s | %.2f | %.2f | %.2f | %.0f |\n" "$when" "$count" "$(median "$when-$name" 1)" \
        "$(median "$when-$name" 2)" "$(median "$when-$name" 3)" "$(median "$when-$name" 4)"
    done
  done
  say "
From the worst to the best round: now $(spread now-few) and $(spread now-much), past $(spread past-few) and $(spread past-much).
"
  target "an inventory after $postings postings to one after 500, ms" \
    "$(ratio "$(median now-much 1)" "$(median now-few 1)")" '<=' 1.2
  target "the same a year ago" "$(ratio "$(median past-much 1)" "$(median past-few 1)")" '<=' 1.5
}
