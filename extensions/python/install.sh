#!/bin/sh
# Brings Python with pip and venv: what is there, else the distribution's signed packages.
set -eu

good_enough() {
    command -v python3 >/dev/null 2>&1 &&
        python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 9))' 2>/dev/null &&
        python3 -m pip --version >/dev/null 2>&1
}

# System packages belong to the machine; on this very host only where its owner said so.
may_use_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    case "${SINDRI_PROVIDER:-}" in
        local) [ "${SINDRI_HOST_PACKAGES:-0}" = 1 ] ;;
        "") [ -e /.dockerenv ] || [ -e /run/.containerenv ] ;;
        *) true ;;
    esac
}

if good_enough; then
    echo "found $(python3 --version)"
    exit 0
fi

if may_use_apt; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=300 update
    apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends \
        python3 python3-pip python3-venv
    if good_enough; then
        exit 0
    fi
fi

echo "no Python 3.9 or newer with pip and venv was found, and nothing here can bring it:" >&2
echo "install python3, python3-pip and python3-venv on this machine" >&2
exit 1
