#!/bin/sh
# Starts a daemon in a private directory, asks it something, shows what it costs, and stops it.
set -eu

directory=$(mktemp -d "${TMPDIR:-/tmp}/lmd-demo.XXXXXX")
LMD_SOCKET=$directory/lmd.sock
export LMD_SOCKET LMD_NO_START=1
unset LMD_CONFIG LMD_MODEL || true

daemon=
stop() {
    [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null && wait "$daemon" || true; }
    rm -rf "$directory"
}
trap stop EXIT
trap 'exit 130' INT TERM

say() { printf "\n$ %s\n" "$*"; }

echo "== starting lmd in $directory"
: >"$directory/lmd.toml"
lmd run --config "$directory/lmd.toml" 2>"$directory/log" &
daemon=$!
tries=0
until [ -S "$LMD_SOCKET" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$daemon" 2>/dev/null; then
        echo "the daemon did not start; its log says:" >&2
        cat "$directory/log" >&2
        exit 1
    fi
    sleep 0.1
done

say 'lmctl suggest "list the ten largest files under /var"'
lmctl suggest "list the ten largest files under /var"

say 'lmctl ask -v "show disk usage"        # the model is warm now'
lmctl ask -v "show disk usage"

say 'lmctl status'
lmctl status

echo
echo "== stopping lmd"
