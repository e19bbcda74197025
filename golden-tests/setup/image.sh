# A development image that needs no registry of images: Debian, bootstrapped and imported.

dev_image=sindri-test/dev:1
# The same under another id: what a machine is replaced with when its image changes.
other_image=sindri-test/dev:2

make_image() {
    if docker image inspect "$dev_image" "$other_image" >/dev/null 2>&1; then
        echo "$dev_image and $other_image are there"
        return
    fi
    local tar=$ground/dev.tar
    if [ ! -s "$tar" ]; then
        # Some networks re-sign TLS with an authority of their own, which this host knows: pass it on.
        # The image never leaves this machine.
        as_root mmdebstrap --quiet --variant=minbase \
            --include=ca-certificates \
            --aptopt='Acquire::Languages "none"' \
            --customize-hook='cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2>/dev/null; chroot "$1" update-ca-certificates' \
            bookworm "$ground/dev.part.tar" >"$ground/mmdebstrap.log" 2>&1 || {
            tail -n 30 "$ground/mmdebstrap.log" >&2
            return 1
        }
        as_root chown "$(id -u):$(id -g)" "$ground/dev.part.tar"
        mv "$ground/dev.part.tar" "$tar"
    fi
    docker import -c 'CMD ["bash"]' "$tar" "$dev_image" >/dev/null
    docker import -c 'CMD ["bash"]' -c 'LABEL edition=2' "$tar" "$other_image" >/dev/null
    echo "imported $dev_image and $other_image"
}
