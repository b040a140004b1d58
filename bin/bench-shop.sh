# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/bench and bin/lib.sh set these.
# bin/bench --shop: what a shop with people in it does. The same requests go to the Swift pool, to the C worker where it
# knows them, and straight to the database through pgbench; and, with --many, to a second shop with more people in it.

# What even those can pay for many times who have bought the dearest things already: a refusal would be an error here.
goods=(cup pen socks)

# make_shop DATABASE PEOPLE: migrated, and with people who have a history.
make_shop() {
  local program=("${as_user[@]}" env "PGDATABASE=$1" PGUSER=tuckshop_owner "$world/tuckshop")
  if [ "$1" != tuckshop ]; then
    step "$log" "$pg_bin/createdb" -U postgres -O tuckshop_owner -T template0 "$1" ||
      fail_with_log "$log" "the database $1 could not be made."
    step "$log" "${program[@]}" migrate up || fail_with_log "$log" "the migrations failed."
  fi
  say "Loading $2 people …"
  step "$log" "${program[@]}" seed --load "$2" || fail_with_log "$log" "the people could not be loaded."
}

# Twenty thousand of them at the most are signed in. The key file is ours, so their tokens need no password; the C worker
# is given the secret.
make_tokens() {
  python3 - "$world/keys/keys.json" "$people" >"$world/tokens" 3>"$world/secret" <<'END'
import base64, hashlib, hmac, json, os, sys, time

def spell(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")

key = json.load(open(sys.argv[1]))["keys"][0]
secret = base64.urlsafe_b64decode(key["secret"] + "==")
os.write(3, secret.hex().encode())
# Without blanks, as the shop itself writes them.
write = json.JSONEncoder(separators=(",", ":")).encode
header = spell(write({"alg": key["algorithm"], "kid": key["kid"], "typ": "at+jwt"}).encode())
now, people = int(time.time()), int(sys.argv[2])
for number in range(1, people + 1, max(1, people // 20000)):
    claims = {"iss": "tuckshop", "aud": "tuckshop", "sub": "10ad0000-0000-8000-8000-%012x" % number, "iat": now,
              "exp": now + 86000, "jti": "00000000-0000-7000-8000-%012x" % number, "username": "load%06d" % number,
              "role": "user", "gen": 0}
    signed = header + b"." + spell(write(claims).encode())
    print(claims["username"], (signed + b"." + spell(hmac.digest(secret, signed, hashlib.sha256))).decode())
END
  chmod 644 "$world/tokens" "$world/secret"
}

# One script of wrk for each kind of request, and one for all of them as a shop has them. Without pauses wrk asks as fast
# as it is answered; `mixed` pauses so that its connections come to a thousand requests a second.
write_requests() {
  local kind
  cat - "$world/report.lua" >"$world/requests.lua" <<END
local people = {}
for line in io.lines("$world/tokens") do
  local name, token = line:match("^(%S+) (%S+)$")
  people[#people + 1] = { name = name, header = { Authorization = "Bearer " .. token } }
end
local goods = {}
for word in ("${goods[*]}"):gmatch("%S+") do goods[#goods + 1] = word end
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end
function init() math.randomseed(os.time() * 10 + number) end
local function someone() return people[math.random(#people)] end
local function info() return wrk.format("GET", "/api/info", someone().header) end
local function buy() return wrk.format("GET", "/api/buy/" .. goods[math.random(#goods)], someone().header) end
local function send()
  local from, to = someone(), someone()
  while to == from do to = someone() end
  return wrk.format("POST", "/api/sendCoin", from.header, '{"toUser":"' .. to.name .. '","amount":1}')
end
END
  for kind in info send buy; do
    { cat "$world/requests.lua"; echo "request = $kind"; } >"$world/$kind.lua"
  done
  cat "$world/requests.lua" - >"$world/mixed.lua" <<'END'
delay = function() return math.random(31, 93) end
request = function()
  local roll = math.random(99)
  if roll <= 76 then return info() elseif roll <= 86 then return send() else return buy() end
end
END
}

# The statements of Sources/Ledger, called by nobody but pgbench.
write_statements() {
  # To pgbench a colon before a name is a variable.
  local at="to_char(at AT TIME ZONE 'UTC', E'YYYY-MM-DD\"T\"HH24\\x3aMI\\x3aSS.US\"Z\"')"
  local owner="('10ad0000-0000-8000-8000-' || lpad(to_hex(:a::bigint), 12, '0'))::uuid"
  # In the order of time, as the workers' ids are.
  local id="(lpad(to_hex(:base::bigint + :n::bigint), 12, '0') || '70008' || lpad(to_hex(:client_id::int), 11, '0') || '0000')::uuid"
  cat >"$world/info.sql" <<END
\\set a random(1, $people)
SELECT document, has_more FROM info($owner);
END
  cat >"$world/send.sql" <<END
\\set n :n + 1
\\set a random(1, $people)
\\set b 1 + (:a + random(0, $people - 2)) % $people
SELECT outcome, available, operation, $at, balance, replayed
FROM transfer($id, $owner, NULL, '0123456789abcdef0123456789abcdef', 'load' || lpad(:b::text, 6, '0'), 1, NULL);
END
  cat >"$world/buy.sql" <<END
\\set n :n + 1
\\set a random(1, $people)
\\set b random(1, ${#goods[@]})
SELECT outcome, available, operation, $at, price, balance, replayed
FROM purchase($id, $owner, NULL, '0123456789abcdef0123456789abcdef', (string_to_array('${goods[*]}', ' '))[:b::int], 1);
END
}

# load_statement NAME FILE: how often a second, on as many sessions as the pool has workers.
base=0
load_statement() {
  base=$((base + 1000000000))
  : >"$world/pgbench"
  step "$world/pgbench" "$pg_bin/pgbench" -n -M prepared -c "$workers" -j 2 -T "$seconds" -D n=0 -D "base=$base" \
    -U tuckshop_app -f "$world/$2.sql" || fail_with_log "$world/pgbench" "pgbench failed."
  awk '/^tps/ { print $3 }' "$world/pgbench" >>"$world/$1"
}

# Both kinds of workers answer, and with the same bytes.
check_shop() {
  local token name tries=100
  read -r _ token <"$world/tokens"
  for name in "${pools[@]}"; do
    until curl -q -s -f -m 5 --noproxy '*' -H "Authorization: Bearer $token" -o "$world/answer-$name" \
      "http://${address[$name]}/api/info"; do
      [ $((tries--)) -gt 0 ] || fail_with_log "$log" "the pool $name does not answer /api/info with 200."
      sleep 0.1
    done
  done
  cmp -s "$world/answer-c" "$world/answer-app" ||
    fail "the answers differ; bin/bench-worker.c must follow. C: $(<"$world/answer-c") Swift: $(<"$world/answer-app")"
}

measure_shop() {
  local kind round started=$SECONDS
  make_shop tuckshop "$people"
  if [ "$many" -gt 0 ]; then make_shop tuckshop_many "$many"; fi
  make_tokens
  write_requests
  write_statements
  export BENCH_SECRET_FILE=$world/secret
  pools=(c app)
  start_pools
  if [ "$many" -gt 0 ]; then
    pools+=(many)
    PGDATABASE=tuckshop_many start_pool many "$world/tuckshop" worker
  fi
  start_nginx
  check_shop
  say "Ready after $((SECONDS - started)) s. $(date -u +%FT%TZ), $(nproc) processors, load average" \
    "$(cut -d ' ' -f 1-3 /proc/loadavg), $people people, $workers workers, $connections connections, $rounds rounds of $seconds s."
  for kind in info send buy; do
    for pool in app many; do if [ -n "${address[$pool]-}" ]; then load warm-up "$pool" / 2 "$kind"; fi; done
  done
  for ((round = 1; round <= rounds; round++)); do
    if [ -t 2 ]; then printf '\rround %d of %d …' "$round" "$rounds" >&2; fi
    load info-c c / "$seconds" info
    for kind in info send buy; do
      load "$kind-swift" app / "$seconds" "$kind"
      load_statement "$kind-database" "$kind"
      if [ "$many" -gt 0 ]; then load "$kind-many" many / "$seconds" "$kind"; fi
    done
    connections=64 load mixed app / "$seconds" mixed
    if [ "$many" -gt 0 ]; then connections=64 load mixed-many many / "$seconds" mixed; fi
  done
  report_shop
}

report_shop() {
  local kind name
  say "
| load | req/s | p50 ms | p99 ms | µs CPU of the workers |
|------|------:|-------:|-------:|----------------------:|"
  for name in info-c info-swift info-many send-swift send-many buy-swift buy-many mixed mixed-many; do
    [ -s "$world/$name" ] || continue
    printf '| %s | %.0f | %.2f | %.2f | %.1f |\n' "$name" "$(median "$name" 1)" "$(median "$name" 2)" \
      "$(median "$name" 3)" "$(median "$name" 4)"
  done
  for kind in info send buy; do printf '| %s-database (pgbench) | %.0f | | | |\n' "$kind" "$(median $kind-database 1)"; done
  say "
From the worst to the best round: $(for name in info-c info-swift send-swift send-database buy-swift buy-database; do printf '%s %s, ' "$name" "$(spread "$name")"; done)
"
  target "/api/info, req/s, Swift to C" "$(ratio "$(median info-swift 1)" "$(median info-c 1)")" '>=' 0.8
  target "/api/info, CPU of a request, Swift to C" "$(ratio "$(median info-swift 4)" "$(median info-c 4)")" '<=' 1.5
  for kind in send buy; do
    target "$kind, req/s, Swift to pgbench" "$(ratio "$(median $kind-swift 1)" "$(median $kind-database 1)")" '>=' 0.5
  done
  target "p99 in ms of the mixed load at $(printf %.0f "$(median mixed 1)") requests/s" "$(median mixed 3)" '<=' 10
  target "private MB of the largest worker" \
    "$(sort -g -k 5,5 "$world/mixed" | awk 'END { printf "%.2f", $5 * 1.048576 }')" '<=' 6
  [ "$many" -gt 0 ] || return 0
  for kind in info send buy; do
    target "$kind, req/s, $people people to $many" "$(ratio "$(median $kind-swift 1)" "$(median $kind-many 1)")" '<=' 1.1
  done
  target "p99 in ms of the mixed load among $many people" "$(median mixed-many 3)" '<=' 10
}
