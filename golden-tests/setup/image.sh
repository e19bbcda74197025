# A development image that needs no registry of images: Debian, bootstrapped and imported.

dev_image=sindri-test/dev:1

make_image() {
    if docker image inspect "$dev_image" >/dev/null 2>&1; then
        echo "$dev_image is there"
        return
    fi
    local tar=$ground/dev.tar
    if [ ! -s "$tar" ]; then
        # Some networks re-sign TLS with an authority of their own, which this host knows: pass it on.
        # The image never leaves this machine.
        as_root mmdebstrap --quiet --variant=minbase \
            --include=ca-certificates,git,nodejs,npm,python3-pip,python3-venv \
            --aptopt='Acquire::Languages "none"' \
            --customize-hook='cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2>/dev/null; chroot "$1" update-ca-certificates' \
            bookworm "$tar.part" >"$ground/mmdebstrap.log" 2>&1 || {
            tail -n 30 "$ground/mmdebstrap.log" >&2
            return 1
        }
        as_root chown "$(id -u):$(id -g)" "$tar.part"
        mv "$tar.part" "$tar"
    fi
    docker import -c 'CMD ["bash"]' "$tar" "$dev_image" >/dev/null
    echo "imported $dev_image"
}
