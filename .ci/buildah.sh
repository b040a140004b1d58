# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bin/image sets these, and uses what is set here.
# Builds the image without a container engine: with buildah, on a Debian made by debootstrap from apt's own mirror, so
# that no image registry is needed. bin/image sources this.
suite=bookworm

# Both parts of buildah's storage belong to this build alone. Its notes about mounts end with the mounts.
buildah=(buildah --root "$cache/storage" --runroot "$work/run")
# The only isolation that also works inside a container or a small VM, without an OCI runtime.
export BUILDAH_ISOLATION=chroot
# Remove the remains of an earlier run that was killed.
if [ -d "$cache/storage" ]; then "${buildah[@]}" rm --all >>"$log"; fi

# try FAILURE COMMAND…: runs the command with its output in the log, and ends with that sentence if it fails. As process
# 1 of a namespace it takes its compilers with it when it has to end.
try() {
  step "$log" unshare --pid --fork --kill-child --mount-proc "${@:2}" || fail_with_log "$log" "$1"
}

have_image() { "${buildah[@]}" images -q "localhost/$1" >/dev/null 2>&1; }

# apt knows this machine's mirror, for releases, updates and security.
make_base() {
  local lines target
  lines=$(apt-get indextargets --format "\$(CREATED_BY) \$(RELEASE) \$(REPO_URI) \$(COMPONENT)" |
    awk -v suite="$suite" '$1 == "Packages" && $4 == "main" && $2 ~ "^" suite "(-updates|-security)?$" {
      print "deb", $3, $2, $4 }' | sort -u)
  [[ $lines == *" $suite main"* ]] || fail "apt on this machine has no mirror of Debian $suite."
  say "Making a Debian $suite base image (once) …"
  container=$("${buildah[@]}" from scratch)
  target=$("${buildah[@]}" mount "$container")
  try "debootstrap failed." debootstrap --variant=minbase "$suite" "$target" \
    "$(awk -v suite="$suite" '$3 == suite { print $2; exit }' <<<"$lines")"
  printf '%s\n' "$lines" >"$target/etc/apt/sources.list"
  # Like the official slim image: no documents, manuals or translations, now and in later layers, and no service that
  # starts when its package is installed.
  printf 'path-exclude /usr/share/%s/*\n' doc groff info linda lintian/overrides locale man \
    >"$target/etc/dpkg/dpkg.cfg.d/slim"
  echo 'path-include /usr/share/doc/*/copyright' >>"$target/etc/dpkg/dpkg.cfg.d/slim"
  printf '#!/bin/sh\nexit 101\n' >"$target/usr/sbin/policy-rc.d"
  chmod 755 "$target/usr/sbin/policy-rc.d"
  try "the base image could not be updated." "${buildah[@]}" run "$container" -- sh -ec '
    apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get upgrade -y -qq; apt-get clean
    find /usr/share/doc -type f ! -name copyright -delete; find /usr/share/doc -empty -delete
    rm -rf /usr/share/groff/* /usr/share/info/* /usr/share/lintian/* /usr/share/locale/* /usr/share/man/*
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/log/*'
  # debootstrap copies these from this machine.
  : >"$target/etc/resolv.conf"
  rm -f "$target/etc/hostname"
  "${buildah[@]}" config --cmd bash "$container"
  try "the base image could not be kept." "${buildah[@]}" commit -q --rm "$container" localhost/tuckshop-base
}

# The same base with the Debian packages that a Swift toolchain needs. The build sees this machine's toolchain at /mnt:
# copying it would take three gigabytes, and a folder for it would stay in the image.
make_swift() {
  have_image tuckshop-base || make_base
  say "Adding Swift's packages to a second image (once) …"
  container=$("${buildah[@]}" from --pull-never localhost/tuckshop-base)
  try "the Swift image could not be made." "${buildah[@]}" run "$container" -- sh -ec '
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates binutils \
      libc6-dev libstdc++-12-dev libcurl4 libncurses6 libsqlite3-0 libxml2 tzdata
    apt-get clean; rm -rf /var/lib/apt/lists/*'
  "${buildah[@]}" config --env PATH=/mnt/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  try "the Swift image could not be kept." "${buildah[@]}" commit -q --rm "$container" localhost/tuckshop-swift
}

build_with_buildah() {
  "$checkout/bin/packages" image
  find_swift
  # `swift` may be a front for several toolchains; the chosen one prints its own place.
  swift_root=$(swift -print-target-info | sed -n 's|.*"runtimeResourcePath": "\(.*\)/lib/swift".*|\1|p')
  [ -x "$swift_root/bin/swift" ] || fail "the Swift toolchain behind $(command -v swift) was not found."
  have_image tuckshop-swift || make_swift
  say "Building the image with buildah; Swift may take some minutes …"
  # --format docker, because the OCI format has no HEALTHCHECK.
  local bud=(try "the build failed." "${buildah[@]}" bud --format docker --layers --pull-never
    --build-arg SWIFT_IMAGE=localhost/tuckshop-swift --build-arg BASE_IMAGE=localhost/tuckshop-base
    --volume "$swift_root:/mnt:ro")
  "${bud[@]}" -t localhost/tuckshop "$checkout"
  # The build stage gets a name, so that later builds still find it when older images are removed.
  "${bud[@]}" --target build -t localhost/tuckshop-build "$checkout"
  try "old images could not be removed." "${buildah[@]}" rmi --prune
  inspect=("${buildah[@]}" inspect --type image) config=.Docker.Config
  # The same archive as from `docker save`: every layer uncompressed, including files that a later one hides.
  try "the image could not be measured." "${buildah[@]}" push -q --format docker localhost/tuckshop \
    "docker-archive:$work/image.tar"
  bytes=$(stat -c %s "$work/image.tar")
  rm "$work/image.tar"
  container=$("${buildah[@]}" from --pull-never localhost/tuckshop)
  root=$("${buildah[@]}" mount "$container")
}
