# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bin/run sets these, and uses what is set here.
# The claims of one run of the shop: a folder ($TUCKSHOP_LOCAL, with $run and $data in it) and three ports.

claim_local_folder() {
  [ -z "$locked" ] || return 0
  mkdir -p "$TUCKSHOP_LOCAL" "$logs" 2>/dev/null || fail "$(id -un) cannot write to $shown."
  local owner=$TUCKSHOP_LOCAL expected
  expected=$(id -un)
  if [ -e "$data" ]; then owner=$data expected=$user; fi
  [ "$(stat -c %U "$owner")" = "$expected" ] ||
    fail "$shown belongs to $(stat -c %U "$owner"), from an earlier run as another user. Run this as" \
      "that user (root runs as www-data), set TUCKSHOP_LOCAL, or remove the folder with its database."
  # A look-up that outlived a killed run may hold the lock for a moment; a living run keeps it. After move_to_reach a
  # run still has the descriptor and the lock.
  [ -n "${TUCKSHOP_SHOWN_LOCAL-}" ] || exec 9>>"$TUCKSHOP_LOCAL/lock"
  flock -w 2 9 || fail "another bin/run is using $shown. Stop it first, or set TUCKSHOP_LOCAL (and the ports)."
  locked=yes
  chmod 755 "$TUCKSHOP_LOCAL"
}

# A run that was killed with -9 leaves its processes behind. They belong to this folder if one of its pid files names
# their session and they work in this folder, whatever its path.
end_leftovers() {
  local file pid short sessions=()
  for file in "$run"/*.pid; do
    pid=$(cat "$file" 2>/dev/null) || continue
    if [ -n "$pid" ] && session_stands_in "$pid" "$TUCKSHOP_LOCAL"; then sessions+=("$pid"); fi
  done
  if [ ${#sessions[@]} -gt 0 ] || cluster_pid "$data" >/dev/null; then
    say "Ending processes that an earlier run left behind …"
  fi
  end_sessions "TERM 5 TERM 5" "${sessions[@]}"
  cluster_stop "$data"
  pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null || true)
  # PostgreSQL would take another process that has the pid by now for its predecessor.
  if [ -n "$pid" ] && [ -d "/proc/$pid" ]; then rm -f "$data/postmaster.pid"; fi
  short=$(readlink "$TUCKSHOP_LOCAL/short" || true)
  case $short in */tuckshop.??????) rm -rf "$short" ;; esac
  rm -rf "$run" "$data".new.* "$TUCKSHOP_LOCAL/short"
}

# session_stands_in SESSION FOLDER: true if a process of this session has this working folder.
session_stands_in() {
  local pid
  for pid in $(members "$1"); do
    if [ "/proc/$pid/cwd" -ef "$2" ]; then return 0; fi
  done
  return 1
}

# Fails if a port is busy, and says who holds it and what to do. Changes nothing.
check_ports() {
  local name port address other holder seen=' '
  for name in TUCKSHOP_PORT TUCKSHOP_LOGIN_PORT TUCKSHOP_METRICS_PORT; do
    port=${!name} address=$TUCKSHOP_LISTEN
    if [ "$name" = TUCKSHOP_METRICS_PORT ]; then address=${TUCKSHOP_METRICS_LISTEN:-127.0.0.1}; fi
    [[ $port =~ ^[1-9][0-9]{0,4}$ && $port -le 65535 ]] || fail "$name must be a port, 1 to 65535, not '$port'."
    case $seen in *" $port "*) fail "$name is $port, which is also one of the other two ports." ;; esac
    seen+="$port "
    while read -r _ _ _ other _ holder; do
      other=${other%:*}
      case $other,$address in
        "$address,"* | 0.0.0.0,* | '*,'* | *,0.0.0.0 | *,'[::]')
          holder=$(sed -n 's/.*(("\([^"]*\)",pid=\([0-9]*\).*/, held by \1 (pid \2)/p' <<<"$holder")
          fail "port $port is busy${holder:-, held by a process of another user}." \
            "Stop that process, or choose another port:  $name=$((port > 60000 ? port - 1000 : port + 1000)) bin/run" ;;
      esac
    done < <(ss -Hltnp "sport = :$port")
  done
}
