#!/bin/sh
# Brings Docker's command line, and the engine unless a socket of another one is there: what the
# machine has, else the distribution's signed packages, whose names differ between releases.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/packages.sh"

if command -v docker >/dev/null 2>&1; then
    if [ -S /var/run/docker.sock ] || command -v dockerd >/dev/null 2>&1; then
        echo "found $(docker --version)"
        exit 0
    fi
fi
may_install || exit 126
if command -v apt-get >/dev/null 2>&1; then
    refresh
    # Newer releases put the command line into a package of its own.
    install_known docker.io docker-cli
    command -v fuse-overlayfs >/dev/null 2>&1 || install_known fuse-overlayfs
else
    $as_root dnf install -y moby-engine docker-cli
    remember 'moby-engine docker-cli'
fi
docker --version
