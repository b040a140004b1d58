# shellcheck shell=bash
# The words bin/run and bin/test are written in. Sourced after `set -euo pipefail`; it only defines things.
# It knows the machine: users, processes, a private PostgreSQL; it does not know what a shop is.

checkout=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")

# shellcheck source=bin/lib/processes.sh
. "$checkout/bin/lib/processes.sh"
# shellcheck source=bin/lib/cluster.sh
. "$checkout/bin/lib/cluster.sh"
# shellcheck source=bin/lib/reach.sh
. "$checkout/bin/lib/reach.sh"
# shellcheck source=bin/lib/claims.sh
. "$checkout/bin/lib/claims.sh"

# A reader that went away (`bin/run | head`) must not keep a script from cleaning up.
say() { printf '%s\n' "$*" 2>/dev/null || true; }

# The command that somebody typed, as a failure names it.
command_name=bin/${0##*/}
fail() {
  printf '%s: %s\n' "$command_name" "$*" >&2 2>/dev/null || true
  exit 1
}

# fail_with_log LOG SENTENCE: the end of a log says more than we could.
fail_with_log() {
  { echo "--- the end of $1:"; tail -n 20 "$1"; echo "---"; } >&2 2>/dev/null || true
  fail "$2"
}

# ---- the caller's surroundings

# Debian keeps nginx in /usr/sbin, which is not on the path of a plain user. The caller's settings
# for other databases must not reach ours, and files made here must be readable by www-data.
settle() {
  PATH=$PATH:/usr/sbin:/sbin
  umask 022
  local name
  for name in "${!PG@}"; do unset "$name"; done
}

# Puts Swift on the path, where it is usually unpacked when it is not there already.
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

# Sets $user, who PostgreSQL, workers and nginx's workers run as, and ${as_user[@]}, the words to put
# before a command to run it as them. Root becomes www-data, which every Debian has; others stay.
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
