# shellcheck shell=bash
# The functions of bin/run and bin/test. Source it after `set -euo pipefail`; it only defines functions.
# It knows the machine: users, processes, a private PostgreSQL. It knows nothing of the shop.

checkout=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")

# shellcheck source=bin/lib/processes.sh
. "$checkout/bin/lib/processes.sh"
# shellcheck source=bin/lib/cluster.sh
. "$checkout/bin/lib/cluster.sh"
# shellcheck source=bin/lib/reach.sh
. "$checkout/bin/lib/reach.sh"
# shellcheck source=bin/lib/claims.sh
. "$checkout/bin/lib/claims.sh"

# A closed reader (`bin/run | head`) must not keep a script from cleaning up.
say() { printf '%s\n' "$*" 2>/dev/null || true; }

# The command that the user typed, for failure messages.
command_name=bin/${0##*/}
fail() {
  printf '%s: %s\n' "$command_name" "$*" >&2 2>/dev/null || true
  exit 1
}

# fail_with_log LOG SENTENCE: shows the end of a log, which explains more than a sentence could.
fail_with_log() {
  { echo "--- the end of $1:"; tail -n 20 "$1"; echo "---"; } >&2 2>/dev/null || true
  fail "$2"
}

# ---- the caller's surroundings

# Debian keeps nginx in /usr/sbin, which is not on the path of a plain user. The caller's settings for other databases
# must not reach this shop, and www-data must be able to read files made here.
settle() {
  PATH=$PATH:/usr/sbin:/sbin
  umask 022
  local name
  for name in "${!PG@}"; do unset "$name"; done
}

# Puts Swift on the path, from its usual places if it is not there already.
find_swift() {
  local place
  for place in "" /opt/swift/usr/bin "${HOME:-/root}/.local/share/swiftly/bin"; do
    if PATH="${place:-$PATH}" command -v swift >/dev/null; then
      PATH=$PATH${place:+:$place}
      return
    fi
  done
  fail "Swift is not on PATH, in /opt/swift/usr/bin or in ~/.local/share/swiftly/bin." \
    "Install Swift 6.3 for Debian 12 from https://www.swift.org/install/linux/ and start this again."
}

# Sets $user, which runs PostgreSQL, the workers and nginx's workers, and ${as_user[@]}, the prefix that runs a command
# as $user. Root becomes www-data, which every Debian has; others stay.
find_user() {
  if [ "$(id -u)" -eq 0 ]; then
    user=www-data
    as_user=(setpriv --reuid=www-data --regid=www-data --init-groups --inh-caps=-all --)
  else
    user=$(id -un)
    as_user=()
  fi
}

# own_folder MODE PATH: a folder of $user.
own_folder() {
  mkdir -p "$2"
  if [ "$(id -u)" -eq 0 ]; then chown "$user:$user" "$2"; fi
  chmod "$1" "$2"
}

# python_tools NAME PROGRAM PIP-ARGUMENTS…: has pip install them once, into a folder that $tools names.
python_tools() {
  tools=$checkout/.local/$1
  [ -x "$tools/bin/$2" ] || { /usr/bin/python3 -m venv "$tools" &&
    "$tools/bin/pip" install -q --disable-pip-version-check "${@:3}"; }
}
