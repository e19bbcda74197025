#!/bin/sh
# Brings git, which fetches the skill:
# what is there, else the distribution's signed package.
set -eu

good_enough() {
    command -v git >/dev/null 2>&1
}

# System packages belong to the machine; on this very host only where its owner said so.
may_use_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    [ "${SINDRI_PROVIDER:-}" != local ] || [ "${SINDRI_HOST_PACKAGES:-0}" = 1 ]
}

if good_enough; then
    exit 0
fi
if may_use_apt; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=300 update
    apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends git
    exit 0
fi
echo "this machine has no git, and nothing here can bring it: install git" >&2
exit 1
