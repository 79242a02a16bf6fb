# Shared by the scripts in this folder: sections with durations, and a summary at the end.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SECTIONS=()
STARTED=$SECONDS

# section TITLE COMMAND…: prints a header, runs the command, prints how long it took.
section() {
  local title=$1 begun=$SECONDS
  shift
  printf '\n==== %s\n' "$title"
  "$@"
  local took=$((SECONDS - begun))
  SECTIONS+=("$(printf '%5d s  %s' "$took" "$title")")
  printf -- '---- %s: %d s\n' "$title" "$took"
}

# beside TITLE COMMAND…: begins a command that runs beside the sections that follow, until
# `joined TITLE`, which shows what it has printed and fails if it has failed.
declare -A BESIDE=()
beside() {
  local title=$1
  shift
  if [[ -z ${KEPT:-} ]]; then
    KEPT=$(mktemp -d)
    trap stop_all EXIT
  fi
  # Each is a group of processes, so that all of them end with this script.
  set -m
  (
    SECONDS=0
    "$@"
    echo "(took $SECONDS s, beside other sections)"
  ) >"$KEPT/$title" 2>&1 &
  BESIDE[$title]=$!
  set +m
}

stop_all() {
  local job
  for job in "${BESIDE[@]}"; do
    [[ -z $job ]] || kill -- "-$job" 2>/dev/null || true
  done
  rm -rf "$KEPT"
}

joined() {
  local title=$1 failed=0
  wait "${BESIDE[$title]}" || failed=$?
  # Its number may be another's from now on.
  BESIDE[$title]=
  cat "$KEPT/$title"
  return "$failed"
}

summary() {
  printf '\n==== Summary\n'
  printf '%s\n' "${SECTIONS[@]}"
  printf '%5d s  in all\n' "$((SECONDS - STARTED))"
}

# spare FOLDER…: deletes what later sections build again or do not need, so that the whole fits on a
# small disk.
spare() {
  local folder
  for folder in "$@"; do
    rm -rf "${CARGO_TARGET_DIR:-target}/$folder"
  done
}

# Installs a Debian package unless its command is there. Elsewhere the user installs it.
need_command() {
  local command=$1 package=$2
  command -v "$command" >/dev/null && return
  need_package "$package"
}

# Installs a Debian package. Elsewhere the user installs it.
need_package() {
  local package=$1
  if ! command -v apt-get >/dev/null; then
    echo "something is missing: install it (on Debian: apt-get install $package)" >&2
    return 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" \
    >/dev/null
}
