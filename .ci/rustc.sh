#!/bin/sh
# What cargo runs in rustc's place (RUSTC_WRAPPER) for a firmware whose octets do not depend on the
# folder that it is built in. Of a package that lies beside the workspace cargo's `-C metadata` is a
# hash of its folder, which is part of every symbol, and so of their order. Here its name and version
# are: no other has both.
rustc=$1
shift
here=$(cd "$(dirname "$0")/.." && pwd -P)
case ${CARGO_MANIFEST_DIR:-} in
"$here"/*)
  for word; do
    shift
    case $word in
    metadata=*) word=metadata=$CARGO_PKG_NAME-$CARGO_PKG_VERSION ;;
    esac
    set -- "$@" "$word"
  done
  ;;
esac
exec "$rustc" "$@"
