# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/lib.sh and its parts set these.
# A private PostgreSQL cluster, on a unix socket only, owned by $user.

# Sets $pg_version and $pg_bin: the version that made DATA, or the newest installed one. $TUCKSHOP_POSTGRES names
# another place for the versions than Debian's.
find_postgres() {
  local versions=${TUCKSHOP_POSTGRES:-/usr/lib/postgresql}
  if [ -s "${1-}/PG_VERSION" ]; then
    pg_version=$(<"$1/PG_VERSION")
  else
    pg_version=$(find "$versions" -mindepth 1 -maxdepth 1 -name '[0-9]*' -printf '%f\n' 2>/dev/null | sort -V | tail -n 1)
  fi
  pg_bin=$versions/$pg_version/bin
  [ -x "$pg_bin/postgres" ] || fail "PostgreSQL $pg_version is needed${1:+ for $1} and not installed."
}

# cluster_make DATA LOG: makes a new cluster, either completely or not at all.
cluster_make() {
  local new=$1.new.$$
  own_folder 700 "$new"
  step "$2" "${as_user[@]}" "$pg_bin/initdb" -D "$new" -U postgres --encoding=UTF8 \
    --locale=C.UTF-8 --data-checksums --auth=peer || { rm -rf "$new"; return 1; }
  mv -T "$new" "$1"
}

# cluster_start DATA SOCKETS LOG [NAME=VALUE…]: starts it and waits until it answers. It listens only on a unix socket
# in SOCKETS; the operating system's user decides the allowed roles. A session loads PL/pgSQL at its first function
# call, and upgrading the package under a running server installs a library that the old server cannot load. With
# preloading, all sessions have the library that the server started with. The deadlock timeout is far below the lock
# timeout of a second, so that a deadlock is never reported as a lock timeout. The search costs almost nothing.
cluster_start() {
  local data=$1 sockets=$2 log=$3 setting role
  shift 3
  local settings=(-c "unix_socket_directories=$sockets" -c listen_addresses= -c port=5432
    -c shared_preload_libraries=plpgsql -c deadlock_timeout=200ms)
  for setting; do settings+=(-c "$setting"); done
  echo 'local all,replication all peer map=tuckshop' | "${as_user[@]}" tee "$data/pg_hba.conf" >/dev/null
  for role in postgres tuckshop_{owner,app,auth,ops}; do
    printf 'tuckshop "%s" %s\n' "$user" "$role" "$(id -un)" "$role"
  done | "${as_user[@]}" tee "$data/pg_ident.conf" >/dev/null
  launch postgres "$log" "${as_user[@]}" "$pg_bin/postgres" -D "$data" "${settings[@]}"
  # After a crash the server first reads its log again, which may take a while.
  local deadline=$((SECONDS + 120))
  until "$pg_bin/pg_isready" -q -h "$sockets" -U postgres -d postgres 9>&-; do
    kill -0 "${children[postgres]}" 2>/dev/null || return 1
    [ "$SECONDS" -lt "$deadline" ] || return 1
    rest 0.1
  done
}

# cluster_roles SOCKETS LOG: the roles and the empty database of deploy/roles.sql.
cluster_roles() {
  step "$2" "$pg_bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$1" -U postgres -d postgres \
    -f "$checkout/deploy/roles.sql"
}

# cluster_stop DATA: stops the server, whoever started it; does nothing if none runs. pg_ctl sends the same signals for
# "fast" and "immediate", but would have to run as $user, who may be unable to reach DATA from here.
cluster_stop() {
  local pid
  pid=$(cluster_pid "$1") || return 0
  end_sessions "INT 30 QUIT 10" "$pid"
}

# Prints the pid of the server that runs on DATA; false if there is none. A postmaster's working folder is its data, so
# another process with the same pid is not mistaken for it.
cluster_pid() {
  local pid
  read -r pid 2>/dev/null <"$1/postmaster.pid" || return 1
  [ -n "$pid" ] && [ "/proc/$pid/cwd" -ef "$1" ] && echo "$pid"
}
