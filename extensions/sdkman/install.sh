#!/bin/sh
# Brings SDKMAN!'s scripts from the project's release, verified by checksum, and a command `sdk`,
# so that it needn't be a function of an interactive shell.
set -eu

version=5.19.0
sum=3a9657b7cccc21998055520efd11c76faadaa73cac863c34094a7b9cb5eb67a9
home="$HOME/.sdkman"
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $(uname -m) in
    x86_64) platform=linuxx64 ;;
    aarch64) platform=linuxarm64 ;;
    *) echo "SDKMAN! has nothing for $(uname -m)" >&2 && exit 126 ;;
esac
url="https://github.com/sdkman/sdkman-cli/releases/download/$version/sdkman-cli-$version.zip"
curl -fsSL --connect-timeout 20 -o "$work/sdkman.zip" "$url"
if [ "$(sha256sum <"$work/sdkman.zip" | cut -d' ' -f1)" != "$sum" ]; then
    echo "checksum mismatch: $url" >&2
    exit 1
fi
unzip -qo "$work/sdkman.zip" -d "$work/unpacked"
curl -fsSL --connect-timeout 20 -o "$work/candidates" https://api.sdkman.io/2/candidates/all

set -- "$work"/unpacked/sdkman-*
[ -e "$home" ] || made=1
mkdir -p "$home"
[ -z "${made:-}" ] || touch "$home/.made-by-sindri"
cp -R "$1/." "$home/"
mkdir -p "$home/candidates" "$home/etc" "$home/ext" "$home/libexec" "$home/tmp" "$home/var" \
    "$HOME/.local/bin"
cp "$work/candidates" "$home/var/candidates"
echo "$version" >"$home/var/version"
echo "$platform" >"$home/var/platform"
[ -f "$home/etc/config" ] || cp "$here/config" "$home/etc/config"
cp "$here/sdk.sh" "$HOME/.local/bin/sdk"
chmod 755 "$HOME/.local/bin/sdk"
