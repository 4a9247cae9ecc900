#!/bin/sh
# Creates the account of regbridge, installs its service and its nginx site, and starts both.
# Written by `regbridge deploy systemd`. May be run again at any time: it makes everything as it is
# written here, creates nothing twice, and keeps the values of the variables.
set -eu

name={{ name | shell }}
program={{ program | shell }}
configs={{ configs | shell }}
variables={{ environment_file | shell }}
here=$(cd "$(dirname "$0")" && pwd)
root=${DESTDIR:-}

stop() { printf '%s\n' "$1" >&2; exit 1; }

[ -n "$root" ] || [ "$(id -u)" = 0 ] || stop "Run this as root."
[ -x "$root$program" ] || stop "There is no $program. Install regbridge there, or write the files again."
[ -f "$root$configs/base.yaml" ] || stop "There is no base.yaml in $configs."
command -v nginx > /dev/null || stop "nginx is missing. Install it, then run this again."

echo "Account"
getent passwd "$name" > /dev/null ||
    useradd --system --user-group --no-create-home --home-dir "$configs" --shell /usr/sbin/nologin "$name"

echo "Folders and rights"
chown -R "$name:$name" "$root$configs"
chmod 0750 "$root$configs"
install -d -m 0755 "$root$(dirname "$variables")"
# The values that are there already stay; what is new comes without a value.
touch "$root$variables"
chmod 0640 "$root$variables"
chown "root:$name" "$root$variables"
while IFS= read -r line; do
    case $line in
        '#'*) grep -qxF "$line" "$root$variables" || printf '%s\n' "$line" >> "$root$variables" ;;
        *=*) grep -q "^${line%%=*}=" "$root$variables" || printf '%s\n' "$line" >> "$root$variables" ;;
    esac
done < "$here/$name.env"

echo "Service"
install -D -m 0644 "$here/$name.service" "$root/etc/systemd/system/$name.service"
install -D -m 0755 "$here/regbridge" "$root/usr/local/bin/$name"
systemctl daemon-reload
systemctl enable "$name"
systemctl restart "$name"

echo "nginx"
if [ -d "$root/etc/nginx/sites-available" ]; then
    install -m 0644 "$here/nginx.conf" "$root/etc/nginx/sites-available/$name"
    ln -sf "../sites-available/$name" "$root/etc/nginx/sites-enabled/$name"
else
    install -D -m 0644 "$here/nginx.conf" "$root/etc/nginx/conf.d/$name.conf"
fi
nginx -t
systemctl reload-or-restart nginx

echo "Done. The log: journalctl -u $name. Values for the variables are asked for by:"
echo "  sudo $program deploy secrets $variables"
