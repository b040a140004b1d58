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
  [ "$(id -u)" -eq 0 ] || fail "$user cannot enter $checkout, $TUCKSHOP_LOCAL or $TUCKSHOP_BINARY. Open them, or run this as root."
  unshare --mount true 2>/dev/null ||
    fail "$user cannot enter $checkout, and this system does not allow mounting it elsewhere." \
      "Move the checkout to a place that others may enter, such as /srv."
  # A tmpfs would hide a checkout that itself lies below it.
  case "$checkout $TUCKSHOP_LOCAL $TUCKSHOP_BINARY" in *"$folder"/*) folder=/media ;; esac
  export TUCKSHOP_LOCAL TUCKSHOP_BINARY TUCKSHOP_SHOWN_LOCAL=$TUCKSHOP_LOCAL
  # shellcheck disable=SC2016 # The other shell expands these.
  exec unshare --mount --propagation private bash -euo pipefail -c \
    '. "$1/bin/lib.sh"; shift; appear_below "$@"' "$0" "$checkout" "$folder" "$@"
}

# show_below PLACE VARIABLE NAME: changes the path in VARIABLE to the same file below PLACE, mounting it as NAME if it lies
# outside the checkout.
show_below() {
  local path=${!2} shown=$1/$3
  case $path in
    "$checkout"/*) shown=$1${path#"$checkout"} ;;
    *)
      if [ -d "$path" ]; then mkdir "$shown"; else touch "$shown"; fi
      mount --bind "$path" "$shown"
      ;;
  esac
  printf -v "$2" %s "$shown"
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
  show_below "$place" TUCKSHOP_LOCAL local
  show_below "$place" TUCKSHOP_BINARY binary
  find_user
  "${as_user[@]}" test -r "$place/nginx/render" -a -r "$place/migrations" -a -x "$TUCKSHOP_BINARY" ||
    fail "$user cannot read the files in $checkout. Open them:  chmod -R go+rX $checkout"
  cd "$place" || exit
  exec "$place/$1" "${@:2}"
}
