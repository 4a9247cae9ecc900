#!/bin/sh
# Removes the service of regbridge and its nginx site. Written by `regbridge deploy systemd`.
# The configuration, the program, the variables and the ledger stay; with --remove-ledger the ledger
# goes too, with everything that was received and what became of it, for ever.
set -eu

name={{ name | shell }}
# Empty when the ledger is not a file.
ledger={{ ledger | shell }}
root=${DESTDIR:-}

stop() { printf '%s\n' "$1" >&2; exit 1; }

case ${1:-} in
    '' | --remove-ledger) ;;
    *) stop "usage: $0 [--remove-ledger]" ;;
esac
[ -n "$root" ] || [ "$(id -u)" = 0 ] || stop "Run this as root."

if [ -f "$root/etc/systemd/system/$name.service" ]; then
    systemctl disable --now "$name"
fi
rm -f "$root/etc/systemd/system/$name.service" "$root/usr/local/bin/$name"
systemctl daemon-reload
rm -f "$root/etc/nginx/sites-enabled/$name" "$root/etc/nginx/sites-available/$name" \
    "$root/etc/nginx/conf.d/$name.conf"
if command -v nginx > /dev/null && nginx -t; then
    systemctl reload-or-restart nginx
fi

if [ "${1:-}" != --remove-ledger ]; then
    echo "The configuration, the variables and the ledger are still there."
elif [ -n "$ledger" ]; then
    for end in '' -wal -shm .receive.lock .work.lock; do
        rm -f "$root$ledger$end"
    done
    echo "Removed the ledger $ledger."
else
    echo "The ledger is not a file; remove its database at its server."
fi
