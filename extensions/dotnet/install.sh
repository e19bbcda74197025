#!/bin/sh
# Brings the .NET SDK: the vendor's archive, verified by the checksum the vendor publishes (SHA-512).
set -eu

version=10.0.103
case $(uname -m) in
    x86_64)
        arch=x64
        sum=bab94f13c57b2ac821d4924fe66084be9b44c41761ff7ff64522c8f7aba345659d31258401dcec31cc3cf6ccae1d012623075aca1c9b9165bcfe5ba9abda1c0c
        ;;
    aarch64)
        arch=arm64
        sum=ab45b6baeae956e4465151787d8b8113b66679ed55da1e72c57e99aa5ab8f42471e80dc8a5fd22c31df74e60446a3b252d2900658cefc9506fcb0da7e2831e21
        ;;
    *) echo "the .NET SDK isn't made for $(uname -m)" >&2 && exit 126 ;;
esac
home="$HOME/.local/share/sindri/opt/dotnet"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

url="https://builds.dotnet.microsoft.com/dotnet/Sdk/$version/dotnet-sdk-$version-linux-$arch.tar.gz"
if command -v curl >/dev/null 2>&1; then
    curl -fsSL --connect-timeout 20 -o "$work/sdk.tar.gz" "$url"
else
    wget -q -T 60 -O "$work/sdk.tar.gz" "$url"
fi
if [ "$(sha512sum <"$work/sdk.tar.gz" | cut -d' ' -f1)" != "$sum" ]; then
    echo "checksum mismatch: $url" >&2
    exit 1
fi
mkdir -p "$home" "$HOME/.local/bin"
tar -xzf "$work/sdk.tar.gz" -C "$home"
ln -sfn "$home/dotnet" "$HOME/.local/bin/dotnet"
