# shellcheck shell=bash
# shellcheck disable=SC2034 # The callers use what is set here.
# Processes that end when they are told to, and in the right order.

# Ctrl-C in a terminal reaches all processes of its session at once. Processes that must end in a certain order, or need
# a cleanup afterwards, get a session of their own. A shell starts background commands with INT and QUIT ignored, and
# they would pass that on.
apart=(setsid env "--default-signal=INT,QUIT")

# spawn VARIABLE LOG COMMAND…: starts a process and sets VARIABLE to its pid, which is also the id of its session and
# process group; "-" as LOG shows its output. A trap between the fork and the assignment could not end the process, so
# signals wait for that (see signalled). Descriptor 9 is the caller's lock, which must not outlive the caller.
spawn() {
  local variable=$1 log=$2
  shift 2
  held=yes
  if [ "$log" = - ]; then
    "${apart[@]}" "$@" </dev/null 9>&- &
  else
    "${apart[@]}" "$@" </dev/null >>"$log" 2>&1 9>&- &
  fi
  printf -v "$variable" %s "$!"
  held=''
  if [ -n "$asked" ]; then signalled "$asked"; fi
}

# step LOG COMMAND…: runs a command and waits for it; see spawn. A trap for a signal runs at once, not when the command
# has ended, and finds $step_pid to end.
step_pid=
step() {
  local log=$1 status=0
  shift
  spawn step_pid "$log" "$@"
  wait "$step_pid" || status=$?
  step_pid=
  return "$status"
}

# Some processes of the command may have groups of their own, such as shops that tests have started; and the command may
# be a script that has to clean up.
end_step() {
  local pid pids
  [ -n "$step_pid" ] || return 0
  mapfile -t pids < <(members "$step_pid")
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  end_sessions "TERM 40" "$step_pid" "${pids[@]}"
}

# members SESSION: prints its processes.
members() {
  local process stat session
  for process in /proc/[0-9]*; do
    { stat=$(<"$process/stat"); } 2>/dev/null || continue
    # The name, in brackets, may contain blanks; the session is the fourth field after it.
    read -r _ _ _ session _ <<<"${stat##*) }"
    [ "$session" != "$1" ] || echo "${process#/proc/}"
  done
}

# launch NAME LOG COMMAND…: starts a process that stays, as ${children[NAME]}; see spawn.
declare -A children=()
launch() { spawn "children[$1]" "${@:2}"; }

# end_children NAMES LADDER: see end_sessions.
end_children() {
  local name pids=()
  for name in $1; do if [ -n "${children[$name]-}" ]; then pids+=("${children[$name]}"); fi; done
  end_sessions "$2" "${pids[@]}"
}

# end_sessions LADDER PID…: ends sessions by their first process. LADDER is "SIGNAL SECONDS" once or more; KILL follows
# for the rest. Signals go only to the first process, because multiwatch and nginx know how to end their workers without
# loss. If multiwatch's workers end at the same moment, it starts new ones that its own signal misses; a second TERM
# reaches them.
end_sessions() {
  local ladder pid
  read -ra ladder <<<"$1"
  shift
  while [ $# -gt 0 ] && [ ${#ladder[@]} -gt 0 ]; do
    for pid; do
      kill -s "${ladder[0]}" "$pid" 2>/dev/null || kill -s "${ladder[0]}" -- "-$pid" 2>/dev/null || true
    done
    wait_gone "${ladder[1]}" "$@" && return 0
    ladder=("${ladder[@]:2}")
  done
  for pid; do kill -KILL -- "-$pid" 2>/dev/null || true; done
  wait_gone 1 "$@" || true
}

# wait_gone SECONDS PID…: true if all these processes and the groups they lead have ended in time.
wait_gone() {
  local tries=$(($1 * 20)) pid alive
  shift
  while :; do
    alive=
    for pid; do if kill -0 "$pid" 2>/dev/null || kill -0 -- "-$pid" 2>/dev/null; then alive=yes; fi; done
    [ -n "$alive" ] || return 0
    [ $((tries--)) -gt 0 ] || return 1
    rest 0.05
  done
}

# rest SECONDS: sleeps in the foreground. bash waits for such a process to the end and then runs the trap of a signal. A
# background sleep would outlive the script if the signal came between the fork and the assignment of its pid, or before
# it has become `sleep`.
rest() { { sleep "$1" 9>&-; } 2>/dev/null || true; }

# on_signals FUNCTION: calls it with the exit status at the end, however that comes.
held='' asked=''
on_signals() {
  local signal
  # shellcheck disable=SC2064 # These are meant to be filled in now.
  trap "ended $1" EXIT
  for signal in INT:130 TERM:143 HUP:129 PIPE:141; do
    # shellcheck disable=SC2064
    trap "signalled ${signal#*:}" "${signal%:*}"
  done
}

# signalled STATUS: ends the script with a shell's exit status for the signal, which $asked remembers; not while a
# process is being started.
signalled() {
  asked=$1
  [ -z "$held" ] || return 0
  trap '' INT TERM HUP PIPE
  exit "$asked"
}

# ended FUNCTION: the EXIT trap. A process that is signalled between its fork and its exec is still this shell, and must
# not clean up.
ended() {
  local status=$?
  [ "$BASHPID" = "$$" ] || exit "$status"
  # A second Ctrl-C, or a closed terminal, must not cut the cleanup short.
  trap '' INT TERM HUP PIPE
  "$1" "$status"
}
