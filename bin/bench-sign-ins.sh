# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/bench and bin/lib.sh set these.
# bin/bench --sign-ins: how many sign in at fixed rates, and what the others wait for meanwhile, as bin/bench-sign-ins
# asks. One round; each load takes the given seconds.

measure_sign-ins() {
  local tries=100
  start_storm_pools
  start_nginx
  until curl -q -s -f -m 5 --noproxy '*' -o "$world/wrk" -d '{"username":"first","password":"a password for benches"}' \
    "http://${address[site]}/api/auth"; do
    [ $((tries--)) -gt 0 ] || fail_with_log "$log" "nobody can register."
    sleep 0.1
  done
  say "$(date -u +%FT%TZ), $(nproc) processors, load average $(cut -d ' ' -f 1-3 /proc/loadavg), $workers workers in" \
    "app, $auth_workers with nice $auth_nice in auth, $seconds s for each load."
  step "$world/sign-ins" "$checkout/bin/bench-sign-ins" --seconds "$seconds" "${address[site]}" ||
    fail_with_log "$world/sign-ins" "bin/bench-sign-ins failed."
  report_sign_ins
}

report_sign_ins() {
  local load kind all well refused failed p50 p99 refused_p50 refused_p99 in_seconds
  local -A count=() a_second=() fast=() slow=() no=()
  say "
| load | kind | asked/s | well/s | refused/s | failed | p50 ms | p99 ms | refused p50 ms | refused p99 ms |
|------|------|--------:|-------:|----------:|-------:|-------:|-------:|---------------:|---------------:|"
  while read -r load kind all well refused failed p50 p99 refused_p50 refused_p99 in_seconds; do
    say "| $load | $kind | $((all / in_seconds)) | $((well / in_seconds)) | $((refused / in_seconds)) | $failed | $p50" \
      "| $p99 | $refused_p50 | $refused_p99 |"
    count[$load-$kind]=$(ratio "$well" "$all") a_second[$load-$kind]=$(ratio "$well" "$in_seconds")
    fast[$load-$kind]=$p50 slow[$load-$kind]=$p99 no[$load-$kind]=$refused_p99
  done <"$world/sign-ins"
  say
  target "known people, 200 a second, answered well" "${count[known-known]}" '>=' 0.99
  target "p50 of them in ms" "${fast[known-known]}" '<=' 100
  target "new names, 60 a second, to what can be hashed of them" \
    "$(awk -v n="${a_second[new-new]}" -v c="${a_second[capacity-new]}" 'BEGIN { print n / (c < 60 ? c : 60) }')" '>=' 0.8
  target "new names, three times what can be hashed, to that" "$(ratio "${a_second[flood-new]}" "${a_second[capacity-new]}")" '>=' 0.8
  target "p99 of a refusal in ms" "${no[new-new]}" '<=' 100
  target "p99 of a refusal in the flood in ms" "${no[flood-new]}" '<=' 100
  target "sessions renewed meanwhile" "${count[flood-renewed]}" '==' 1
  target "p99 of them in ms (quiet: ${slow[quiet-renewed]})" "${slow[flood-renewed]}" '<=' 50
  target "known people beside new ones, answered well" "${count[both-known]}" '>=' 0.99
}
