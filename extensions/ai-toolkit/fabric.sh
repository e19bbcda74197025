#!/bin/sh
# Builds Fabric with the machine's Go, which checks the sources against the checksum database.
set -eu

if ! command -v go >/dev/null 2>&1; then
    echo "go isn't on this machine's PATH" >&2
    exit 127
fi
mkdir -p "$HOME/.local/bin"
GOBIN="$HOME/.local/bin" GOFLAGS=-mod=mod go install github.com/danielmiessler/fabric/cmd/fabric@v1.4.434
