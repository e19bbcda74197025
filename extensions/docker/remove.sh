#!/bin/sh
# Takes away the packages that this extension brought; images and volumes of the engine stay.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/packages.sh"
if grep -qs '^exec docker compose' "$HOME/.local/bin/docker-compose"; then
    rm -f "$HOME/.local/bin/docker-compose"
fi
[ -s "$brought" ] || exit 0
# shellcheck disable=SC2046
if command -v apt-get >/dev/null 2>&1; then
    apt remove -y -- $(sort -u "$brought")
else
    $as_root dnf remove -y $(cat "$brought")
fi
