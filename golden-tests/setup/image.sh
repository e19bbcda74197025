# Images that need no registry of images: Debian, bootstrapped and imported, bare and with tools; and the
# latter in a network without names.

bare_image=sindri-test/bare:1
dev_image=sindri-test/tools:1
closed_image=sindri-test/closed:1
cargo_image=sindri-test/cargo:1

make_images() {
    if docker image inspect "$bare_image" >/dev/null 2>&1; then
        echo "$bare_image is there"
    else
        make_bare_image
    fi
    if docker image inspect "$dev_image" >/dev/null 2>&1; then
        echo "$dev_image is there"
    else
        make_dev_image
    fi
    if docker image inspect "$closed_image" >/dev/null 2>&1; then
        echo "$closed_image is there"
    else
        make_closed_image
    fi
    if docker image inspect "$cargo_image" >/dev/null 2>&1; then
        echo "$cargo_image is there"
    else
        make_cargo_image
    fi
}

make_bare_image() {
    local tar=$ground/bare.tar
    if [ ! -s "$tar" ]; then
        # Some networks re-sign TLS with an authority of their own, which this host knows: pass it on.
        # The image never leaves this machine.
        as_root mmdebstrap --quiet --variant=minbase \
            --include=ca-certificates \
            --aptopt='Acquire::Languages "none"' \
            --customize-hook='cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2>/dev/null; chroot "$1" update-ca-certificates' \
            bookworm "$ground/bare.part.tar" >"$ground/mmdebstrap.log" 2>&1 || {
            tail -n 30 "$ground/mmdebstrap.log" >&2
            return 1
        }
        as_root chown "$(id -u):$(id -g)" "$ground/bare.part.tar"
        mv "$ground/bare.part.tar" "$tar"
    fi
    docker import -c 'CMD ["bash"]' "$tar" "$bare_image" >/dev/null
    echo "imported $bare_image"
}

make_dev_image() {
    docker build --quiet --tag "$dev_image" - >"$ground/build.log" 2>&1 <<END || {
FROM $bare_image
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends git nodejs npm python3-pip python3-venv \
    && rm -rf /var/lib/apt/lists/*
END
        tail -n 30 "$ground/build.log" >&2
        return 1
    }
    echo "built $dev_image"
}

make_closed_image() {
    docker build --quiet --tag "$closed_image" - >"$ground/build-closed.log" 2>&1 <<END || {
FROM $dev_image
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
END
        tail -n 30 "$ground/build-closed.log" >&2
        return 1
    }
    echo "built $closed_image"
}

# Debian's own cargo is older than the crates that are built with it: this one is the host's.
make_cargo_image() {
    local sysroot context=$ground/cargo
    sysroot=$(rustc --print sysroot) || return 1
    mkdir -p "$context"
    (cd "$sysroot" && tar --create --file "$context/toolchain.tar" \
        bin/cargo bin/rustc lib/*.so* lib/rustlib/*/{bin,lib}) || return 1
    cat >"$context/Dockerfile" <<END
FROM $dev_image
RUN apt-get update -qq \\
    && apt-get install -y -qq --no-install-recommends gcc libc6-dev \\
    && rm -rf /var/lib/apt/lists/*
ADD toolchain.tar /usr/local/
END
    docker build --quiet --tag "$cargo_image" "$context" >"$ground/build-cargo.log" 2>&1 || {
        tail -n 30 "$ground/build-cargo.log" >&2
        return 1
    }
    rm -f "$context/toolchain.tar"
    echo "built $cargo_image"
}
