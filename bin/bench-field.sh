# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/bench and bin/lib.sh set these.
# bin/bench --field: a load script that is widely used in the field, as bin/bench-field plays it: a ramp of people who
# sign in by a bare Telegram id, and who all repeat one and the same addition.
field_seconds=300 field_users=200

# Both pools answer, if only that they will have none of this.
await_field() {
  local url status tries=100
  for url in "${address[site]}/inventory" "$login/auth/login"; do
    until status=$(curl -q -s -m 5 --noproxy '*' -o /dev/null -w '%{http_code}' "http://$url") && [[ $status = 4* ]]; do
      [ $((tries--)) -gt 0 ] || fail_with_log "$log" "nobody answers $url."
      sleep 0.1
    done
  done
}

measure_field() {
  local login
  step "$log" "${as_user[@]}" env PGUSER=tuckshop_owner "$world/tuckshop" seed --demo ||
    fail_with_log "$log" "there is no demo."
  # Told to the workers before they start, and to the database. A login belongs to the pool auth, on this port as on any
  # other.
  export TUCKSHOP_UNSAFE_TELEGRAM_LOGIN=on
  step "$log" "${as_user[@]}" env PGUSER=tuckshop_owner "$world/tuckshop" migrate up ||
    fail_with_log "$log" "the database was not told."
  start_storm_pools
  start_nginx
  login=127.0.0.1:$((${address[site]##*:} + 1))
  await_field
  say "$(date -u +%FT%TZ), $(nproc) processors, load average $(cut -d ' ' -f 1-3 /proc/loadavg), $workers workers in" \
    "app, $auth_workers in auth, up to $field_users people in $field_seconds s."
  step "$world/field" "$checkout/bin/bench-field" --users "$field_users" --seconds "$field_seconds" \
    "${address[site]}" "$login" || fail_with_log "$world/field" "bin/bench-field failed."
  report_field
}

report_field() {
  local kind requests failed p50 p95 p99 most all=0
  local -A asked=([login]='POST /auth/login' [look]='GET /inventory' [add]='POST /inventory/add-items') slow=()
  say "
| request | requests | failures | p50 ms | p95 ms | p99 ms | longest ms |
|---------|---------:|---------:|-------:|-------:|-------:|-----------:|"
  while read -r kind requests failed p50 p95 p99 most; do
    say "| \`${asked[$kind]}\` | $requests | $failed | $p50 | $p95 | $p99 | $most |"
    slow[$kind]=$p95 all=$((all + failed))
  done < <(head -n 3 "$world/field")
  say
  [ "$all" -eq 0 ] || say "$(tail -n +4 "$world/field")
"
  target "p95 of GET /inventory in ms" "${slow[look]}" '<=' 500
  target "p95 of POST /inventory/add-items in ms" "${slow[add]}" '<=' 1000
  target "failures" "$all" '==' 0
  target "how often the one addition was made" "$("$pg_bin/psql" -X -A -t -U postgres -c "
    SELECT count(*) FROM postings p JOIN operations o ON o.id = p.operation
    WHERE o.key = '550e8400-e29b-41d4-a716-446655440001'")" '==' 1
}
