# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/bench and bin/lib.sh set these.
# The throw-away world that bin/bench measures in: a database, the Swift pool "app" and the C pool "c" on it,
# and one nginx that serves both in the same way on a port each. All of it lies in $world.

# make_binaries [BINARY]: the Swift worker and the C worker. The checkout may be closed to $user, so what they
# need is copied out of it.
make_binaries() {
  local binary=$1 build=(swift build --package-path "$checkout" -c release --static-swift-stdlib) flags
  if [ -z "$binary" ]; then
    find_swift
    step - "${build[@]}" --product tuckshop || fail "the build failed; the compiler's words are above."
    binary=$("${build[@]}" --show-bin-path)/tuckshop
  fi
  install -m 755 "$binary" "$world/tuckshop"
  cp -r "$checkout/migrations" "$world"
  read -ra flags < <(pkg-config --cflags --libs libpq)
  # Swift brings a C compiler along where Debian's is not installed.
  command -v cc >/dev/null || find_swift
  step "$log" "$(command -v cc || command -v clang)" -O2 -o "$world/bench-worker" \
    "$checkout/bin/bench-worker.c" -lfcgi -lcrypto "${flags[@]}" || fail_with_log "$log" "bin/bench-worker.c does not compile."
}

# A sixth of the memory: what there is of a shop should fit, as it would where somebody runs one.
shared_buffers=$(awk '/^MemTotal/ { print int($2 / 6) }' /proc/meminfo)kB
start_database() {
  export PGHOST=$run PGDATABASE=tuckshop PGUSER=tuckshop_app
  find_postgres ""
  cluster_make "$world/data" "$log" || fail_with_log "$log" "initdb failed."
  cluster_start "$world/data" "$run" "$log" shared_buffers="$shared_buffers" max_wal_size=8GB \
    max_connections=$((4 * workers + 10)) jit=off timezone=UTC || fail_with_log "$log" "PostgreSQL did not start."
  cluster_roles "$run" "$log" || fail_with_log "$log" "deploy/roles.sql failed."
  export TUCKSHOP_RUN_DIR=$run TUCKSHOP_MIGRATIONS=$world/migrations
  step "$log" "${as_user[@]}" env PGUSER=tuckshop_owner "$world/tuckshop" migrate up ||
    fail_with_log "$log" "the migrations failed."
}

# No worker starts without the key that signs tokens.
make_key() {
  own_folder 700 "$world/keys"
  export TUCKSHOP_KEY_FILE=$world/keys/keys.json
  step "$log" "${as_user[@]}" "$world/tuckshop" key create || fail_with_log "$log" "the key file was not made."
}

# A worker that recycles itself takes its CPU time out of /proc with it.
start_pools() {
  export TUCKSHOP_WORKER_MAX_REQUESTS=0
  start_pool app "$world/tuckshop" worker
  start_pool c "$world/bench-worker"
}

# start_pool NAME COMMAND…: as bin/pool does it, but that one knows a single program and a shorter backlog.
start_pool() {
  launch "$1" "$log" "${as_user[@]}" spawn-fcgi -n -s "$run/$1.sock" -M 0660 -b 1024 -- \
    "$(command -v multiwatch)" -f "$workers" -t 0 -- "${@:2}"
}

# The real configuration, with limits that do not act, and a server for each pool. A log line is made for every
# request and thrown away. Sets ${address[app]} and ${address[c]}.
declare -A address=()
start_nginx() {
  local port directives='daemon off;' pool
  # Six ports in a row that nobody listens on. Those from 32768 on are given to outgoing connections.
  until port=$((20000 + RANDOM % 12000)) && [ -z "$(ss -Hltn "sport >= :$port and sport <= :$((port + 5))")" ]; do :; done
  address=([site]=127.0.0.1:$port [app]=127.0.0.1:$((port + 3)) [c]=127.0.0.1:$((port + 4)))
  if [ -n "${children[many]-}" ]; then address[many]=127.0.0.1:$((port + 5)); fi
  mkdir -p "$world/nginx/tmp"
  step "$log" env TUCKSHOP_LISTEN=127.0.0.1 TUCKSHOP_PORT=$port TUCKSHOP_LOGIN_PORT=$((port + 1)) \
    TUCKSHOP_METRICS_PORT=$((port + 2)) TUCKSHOP_NGINX_TMP="$world/nginx/tmp" TUCKSHOP_ACCESS_LOG=/dev/null \
    TUCKSHOP_ERROR_LOG="$log" TUCKSHOP_RATE=9999999 TUCKSHOP_BURST=9999999 TUCKSHOP_AUTH_RATE=9999999 \
    TUCKSHOP_HEALTH_RATE=9999999 TUCKSHOP_HEALTH_BURST=9999999 \
    TUCKSHOP_AUTH_BURST=9999999 TUCKSHOP_CONNECTIONS=9999 "$checkout/nginx/render" "$world/nginx" || fail_with_log "$log" "nginx/render failed."
  {
    for pool in app c many; do
      [ -n "${address[$pool]-}" ] || continue
      if [ "$pool" != app ]; then echo "upstream $pool { server unix:$run/$pool.sock max_fails=0; }"; fi
      nginx_server "$pool"
    done
  } >"$world/nginx/bench.conf"
  # The last line of nginx.conf is the brace that closes http.
  sed -i '$s/^}$/include bench.conf;\n}/' "$world/nginx/nginx.conf"
  if [ "$(id -u)" -eq 0 ]; then directives+=" user $user;"; fi
  launch nginx "$log" nginx -p "$world/nginx" -e "$log" -c "$world/nginx/nginx.conf" -g "$directives"
}

# nginx_server POOL: a request goes the way of the public server, by the same table of routes, but health and
# the shop end at POOL under app's limits, and the page is a short answer of nginx's own, which is the ceiling.
nginx_server() {
  cat <<END
server {
    listen ${address[$1]} backlog=2048;
    set \$listener public;
    merge_slashes off;
    rewrite ^(?!/-/) \$destination last;
    location ~ ^/-/(?:ops|app)$ {
        internal;
        limit_req    zone=rate burst=9999999 nodelay;
        limit_conn   connections 9999;
        fastcgi_pass $1;
    }
    location = /-/html/index.html {
        internal;
        default_type application/json;
        return 200 '{"status":"healthy","timestamp":"2025-01-01T00:00:00Z","services":{},"checks":[]}';
    }
    include snippets/errors.conf;
}
END
}

# Both pools are ready and say the same. The members of an object may come in any order, but an answer that is
# longer or shorter is another answer.
check_answers() {
  local path name tries=100
  for path in live ready; do
    for name in c app; do
      until curl -q -s -f -m 2 --noproxy '*' -o "$world/answer-$name" "http://${address[$name]}/health/$path"; do
        [ $((tries--)) -gt 0 ] || fail_with_log "$log" "the pool $name does not answer /health/$path with 200."
        sleep 0.1
      done
    done
    [ "$(wc -c <"$world/answer-c")" = "$(wc -c <"$world/answer-app")" ] ||
      fail "the answers differ; bin/bench-worker.c must follow. C: $(<"$world/answer-c") Swift: $(<"$world/answer-app")"
  done
}
