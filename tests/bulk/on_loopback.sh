#!/bin/sh
# Run a command where Ray finds no address but loopback: in a network namespace of its own, if that is allowed.
if [ "$(id -u)" = 0 ] && command -v ip >/dev/null && unshare -n true 2>/dev/null; then
    exec unshare -n sh -c 'ip link set lo up && exec "$@"' sh "$@"
fi
exec "$@"
