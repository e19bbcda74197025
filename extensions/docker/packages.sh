# What the scripts beside it share: who may install system packages, and how.
as_root=
if [ "$(id -u)" != 0 ]; then as_root='sudo -n'; fi

# System packages belong to the machine; on this very host only where its owner said so.
may_install() {
    if [ "${SINDRI_PROVIDER:-}" = local ] && [ "${SINDRI_HOST_PACKAGES:-0}" != 1 ]; then
        echo "Docker is missing on this host; providers.local.hostPackages: true lets it be installed" >&2
        return 1
    fi
    if command -v apt-get >/dev/null 2>&1 || command -v dnf >/dev/null 2>&1; then
        return 0
    fi
    echo "this machine has neither apt nor dnf" >&2
    return 1
}

# remember PACKAGES: what a removal takes away again.
brought="$HOME/.local/state/sindri-dockerd/packages"
remember() {
    [ -n "$1" ] || return 0
    mkdir -p "${brought%/*}"
    printf '%s\n' "$1" >>"$brought"
}

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@"
}

refresh() {
    [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mmin -60 2>/dev/null)" ] || apt update
}

# install_known PACKAGES…: those of them that this release has.
install_known() {
    known=
    for package; do
        case $(apt-cache policy "$package" 2>/dev/null) in
            *'Candidate: (none)'* | '') ;;
            *) known="$known $package" ;;
        esac
    done
    [ -n "$known" ] || { echo "this release has none of: $*" >&2 && return 1; }
    # shellcheck disable=SC2086
    fresh=$(for package in $known; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done)
    # shellcheck disable=SC2086
    apt install -y --no-install-recommends -- $known
    remember "$fresh"
}
