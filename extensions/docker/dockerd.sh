#!/bin/sh
# sindri-dockerd [--check]: starts the engine in the way this machine permits.
set -eu

socket=/var/run/docker.sock

# The bit of CAP_SYS_ADMIN in the effective set: privileged, or root of a sysbox machine.
privileged() {
    caps=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
    rest=${caps%?????}
    digit=${rest#"${rest%?}"}
    case $digit in
        2 | 3 | 6 | 7 | a | b | e | f) return 0 ;;
    esac
    [ "$(id -u)" != 0 ] && sudo -n true 2>/dev/null
}

answers() {
    DOCKER_HOST=${DOCKER_HOST:-unix://$socket} docker version >/dev/null 2>&1
}

if [ "${1:-}" = --check ]; then
    if answers; then
        echo "socket: an engine answers"
    elif command -v dockerd >/dev/null 2>&1 && privileged; then
        echo "engine: can be started here"
    else
        echo "this machine is neither privileged nor has the socket of an engine:" >&2
        echo "set providers.docker.dind, or build with podman" >&2
        exit 1
    fi
    exit 0
fi

if answers; then
    # Stays, so that whoever supervises the service sees it alive.
    while answers; do sleep 30; done
    exit 1
fi

# An overlay file system can't lie on another one.
driver=${SINDRI_DIND_STORAGE_DRIVER:-auto}
if [ "$driver" = auto ]; then
    mkdir -p /var/lib/docker 2>/dev/null || sudo -n mkdir -p /var/lib/docker
    case $(stat -f -c %T /var/lib/docker) in
        overlayfs | overlay)
            driver=vfs
            if command -v fuse-overlayfs >/dev/null 2>&1 && [ -e /dev/fuse ]; then
                driver=fuse-overlayfs
            fi
            ;;
        *) driver=overlay2 ;;
    esac
fi
if [ "$(id -u)" = 0 ]; then
    rm -f /var/run/docker.pid
    exec dockerd --host="unix://$socket" --storage-driver="$driver"
fi
sudo -n rm -f /var/run/docker.pid
exec sudo -n dockerd --host="unix://$socket" --storage-driver="$driver" --group="$(id -gn)"
