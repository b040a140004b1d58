# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/bench and bin/lib.sh set these.
# bin/bench --login-storm: what somebody with a token, and a probe, wait while others sign in without a pause, each
# under a new name, which is 20 ms of computing by design; the storm asks for more of it than all processors have.

# The pools as bin/pool starts them, because it is their places in the scheduler that are measured here.
start_storm_pools() {
  local pool
  cp "$checkout/bin/pool" "$world/pool"
  export TUCKSHOP_BINARY=$world/tuckshop TUCKSHOP_WORKER_MAX_REQUESTS=0 TUCKSHOP_AUTH_NICE=$auth_nice
  for pool in "app $workers" "auth $auth_workers" "ops 1"; do
    read -r pool count <<<"$pool"
    launch "$pool" "$log" "${as_user[@]}" env -u PGUSER "$world/pool" "$pool" "$count"
  done
}

# Somebody whose token is used.
make_somebody() {
  echo 'a password for benches' >"$world/password"
  step "$log" "${as_user[@]}" env PGUSER=tuckshop_owner "$world/tuckshop" user add storm --role admin --password-file "$world/password" ||
    fail_with_log "$log" "nobody could be added."
}

# Sets $token.
sign_in() {
  local tries=100 site=http://${address[site]}
  until token=$(curl -q -s -f -m 5 --noproxy '*' -d '{"username":"storm","password":"a password for benches"}' \
    "$site/api/v1/auth/login" | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p') && [ -n "$token" ]; do
    [ $((tries--)) -gt 0 ] || fail_with_log "$log" "the admin cannot sign in."
    sleep 0.1
  done
}

# Callers with pauses, so that there is time left over in the quiet: some 700 requests a second. What wrk reports is
# the time from a request to its answer, without the pauses.
write_callers() {
  cat "$world/report.lua" - >"$world/caller.lua" <<'END'
delay = function() return math.random(5, 35) end
END
  cat "$world/report.lua" - >"$world/login.lua" <<'END'
local number, began = 0, os.time()
wrk.method = "POST"
request = function()
  number = number + 1
  return wrk.format(nil, nil, nil,
    '{"username":"newcomer ' .. began .. ' ' .. number .. '","password":"a password for benches"}')
end
END
}

# call NAME CONNECTIONS SCRIPT PATH: a load that runs beside others; its process is ${children[wrk-NAME]}.
call() {
  : >"$world/wrk-$1"
  launch "wrk-$1" "$world/wrk-$1" wrk -t 1 -c "$2" -d "${seconds}s" -s "$world/$3" \
    -H "Authorization: Bearer $token" "http://${address[site]}$4"
}

# called NAME: waits for it, and adds p50 and p99 in ms and answers a second to $world/NAME.
called() {
  local count micros p50 p99 refused broken
  wait "${children[wrk-$1]}" || fail_with_log "$world/wrk-$1" "wrk failed."
  unset "children[wrk-$1]"
  read -r _ count micros p50 p99 refused broken < <(grep '^result ' "$world/wrk-$1")
  # A login may be refused in a storm of logins; nobody else may.
  if [ "$1" = logins ]; then
    turned_away=$((turned_away + refused + broken))
  elif [ "$count" -eq 0 ] || [ $((refused + broken)) -gt 0 ]; then
    fail_with_log "$log" "$1: of $count answers $refused were errors; $broken socket errors and timeouts."
  fi
  awk -v n=$((count - refused)) -v us="$micros" -v p50="$p50" -v p99="$p99" \
    'BEGIN { print p50 / 1000, p99 / 1000, n * 1e6 / us }' >>"$world/$2-$1"
}

measure_storm() {
  local weather
  start_storm_pools
  start_nginx
  make_somebody
  sign_in
  write_callers
  say "$(date -u +%FT%TZ), $(nproc) processors, load average $(cut -d ' ' -f 1-3 /proc/loadavg), $workers workers" \
    "in app, $auth_workers with nice $auth_nice in auth, $rounds rounds of $seconds s."
  for ((round = 1; round <= rounds; round++)); do
    for weather in quiet storm; do
      if [ "$weather" = storm ]; then call logins "$connections" login.lua /api/auth; fi
      call token 16 caller.lua /api/info
      call probe 4 caller.lua /health/live
      called token "$weather"
      called probe "$weather"
      if [ "$weather" = storm ]; then called logins "$weather"; fi
    done
  done
  report_storm
}

report_storm() {
  local name path ratio
  say "
| request | quiet p50 | storm p50 | quiet p99 | storm p99 | ratio of p99 | req/s quiet / storm |
|---------|----------:|----------:|----------:|----------:|-------------:|--------------------:|"
  for name in token probe; do
    path=/api/info
    if [ "$name" = probe ]; then path=/health/live; fi
    ratio=$(ratio "$(median "storm-$name" 2)" "$(median "quiet-$name" 2)")
    printf "| \`%s\` | %.2f ms | %.2f ms | %.2f ms | %.2f ms | %s | %.0f / %.0f |\n" "$path" \
      "$(median "quiet-$name" 1)" "$(median "storm-$name" 1)" "$(median "quiet-$name" 2)" \
      "$(median "storm-$name" 2)" "$ratio" "$(median "quiet-$name" 3)" "$(median "storm-$name" 3)"
    storm_ratio[$name]=$ratio
  done
  say "
New people meanwhile: $(printf %.0f "$(median storm-logins 3)") a second, $turned_away refused; all of them p50 $(printf %.0f "$(median storm-logins 1)") ms, p99 $(printf %.0f "$(median storm-logins 2)") ms.
"
  for name in token probe; do target "p99 of a $name in a login storm, to quiet" "${storm_ratio[$name]}" '<=' 2; done
}
declare -A storm_ratio=()
turned_away=0
