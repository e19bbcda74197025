#!/bin/sh
# Brings Compose under the one name that every release of it answers to.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/packages.sh"

usable() {
    command -v docker-compose >/dev/null 2>&1 || docker compose version >/dev/null 2>&1
}
if ! usable; then
    may_install || exit 126
    if command -v apt-get >/dev/null 2>&1; then
        refresh
        install_known docker-compose-v2 || install_known docker-compose
    else
        $as_root dnf install -y docker-compose
        remember docker-compose
    fi
fi
if ! command -v docker-compose >/dev/null 2>&1; then
    mkdir -p "$HOME/.local/bin"
    printf '#!/bin/sh\nexec docker compose "$@"\n' >"$HOME/.local/bin/docker-compose"
    chmod 755 "$HOME/.local/bin/docker-compose"
fi
docker-compose version
