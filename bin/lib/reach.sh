# shellcheck shell=bash
# shellcheck disable=SC2154 # bin/lib.sh sets these.
# Shows a checkout under a closed home to the one user who must read it.

# move_to_reach COMMAND…: if $user cannot enter the folders they need, because the checkout lies under somebody's home,
# this starts COMMAND (a path inside the checkout) in a mount namespace of its own, in which those folders also appear
# below /mnt. Nothing changes for anybody outside it.
move_to_reach() {
  local folder=/mnt
  [ -z "${TUCKSHOP_SHOWN_LOCAL-}" ] || return 0
  if "${as_user[@]}" test -x "$checkout/nginx" -a -x "$TUCKSHOP_LOCAL" -a -x "$TUCKSHOP_BINARY"; then return 0; fi
  [ "$(id -u)" -eq 0 ] || fail "$checkout, $TUCKSHOP_LOCAL or $TUCKSHOP_BINARY cannot be entered by $user."
  unshare --mount true 2>/dev/null ||
    fail "$user cannot enter $checkout, and this system does not let us mount it elsewhere for them." \
      "Move the checkout to a place that others may enter, such as /srv."
  # A tmpfs would hide a checkout that itself lies below it.
  case "$checkout $TUCKSHOP_LOCAL $TUCKSHOP_BINARY" in *"$folder"/*) folder=/media ;; esac
  export TUCKSHOP_LOCAL TUCKSHOP_BINARY TUCKSHOP_SHOWN_LOCAL=$TUCKSHOP_LOCAL
  # shellcheck disable=SC2016 # The other shell expands these.
  exec unshare --mount --propagation private bash -euo pipefail -c \
    '. "$1/bin/lib.sh"; shift; appear_below "$@"' "$0" "$checkout" "$folder" "$@"
}

# appear_below FOLDER COMMAND…: the inner half of move_to_reach. It mounts the checkout's folders one by one, because
# the checkout itself may be closed to others too.
appear_below() {
  local place=$1/tuckshop folder
  mount -t tmpfs -o mode=755 tmpfs "$1"
  shift
  for folder in "$checkout"/*/ "$checkout"/.*/; do
    case $folder in */./ | */../) continue ;; esac
    mkdir -p "$place/$(basename "$folder")"
    mount --bind "$folder" "$place/$(basename "$folder")"
  done
  case $TUCKSHOP_LOCAL in
    "$checkout"/*) TUCKSHOP_LOCAL=$place${TUCKSHOP_LOCAL#"$checkout"} ;;
    *)
      mkdir "$place/local"
      mount --bind "$TUCKSHOP_LOCAL" "$place/local"
      TUCKSHOP_LOCAL=$place/local
      ;;
  esac
  case $TUCKSHOP_BINARY in
    "$checkout"/*) TUCKSHOP_BINARY=$place${TUCKSHOP_BINARY#"$checkout"} ;;
    *)
      touch "$place/binary"
      mount --bind "$TUCKSHOP_BINARY" "$place/binary"
      TUCKSHOP_BINARY=$place/binary
      ;;
  esac
  find_user
  "${as_user[@]}" test -r "$place/nginx/render" -a -r "$place/migrations" -a -x "$TUCKSHOP_BINARY" ||
    fail "the files in $checkout are closed to $user themselves. Open them:  chmod -R go+rX $checkout"
  cd "$place" || exit
  exec "$place/$1" "${@:2}"
}
