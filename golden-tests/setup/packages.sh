# What the tests need of Debian; only what isn't there is installed.

# need COMMAND PACKAGE...: asks for the packages where the command isn't there.
need() {
    command -v "$1" >/dev/null 2>&1 || wanted+=("${@:2}")
}

# Where Debian keeps what serves Postgres: the newest version that is there.
postgres_binaries() {
    find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1
}

install_packages() {
    local PATH=$PATH:/usr/sbin:/sbin:$(postgres_binaries)
    local wanted=()
    need cc build-essential
    need git git
    need dockerd docker.io
    need docker docker.io
    need iptables iptables
    need mmdebstrap mmdebstrap
    need python3 python3 python3-venv python3-pip
    need npm nodejs npm
    need setsid util-linux
    need strace strace
    need initdb postgresql
    need pgbouncer pgbouncer
    need openssl openssl
    need ssh openssh-client
    need sshd openssh-server
    need docker-registry docker-registry
    need curl curl ca-certificates
    # The tests put this very file into the smallest image there is.
    [ -x /bin/busybox ] && /bin/busybox true && ! ldd /bin/busybox >/dev/null 2>&1 || wanted+=(busybox-static)
    if command -v python3 >/dev/null 2>&1 && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        wanted+=(python3-venv)
    fi
    if [ ${#wanted[@]} = 0 ]; then
        echo "everything is there"
        return
    fi
    echo "installing ${wanted[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${wanted[@]}" >"$ground/apt.log" 2>&1 || {
        tail -n 30 "$ground/apt.log" >&2
        return 1
    }
}
