#!/bin/sh
# Takes away the toolchain this extension brought, and rustup where nothing else uses it.
set -eu

PATH="$HOME/.cargo/bin:$PATH"
command -v rustup >/dev/null 2>&1 || exit 0
rustup toolchain uninstall 1.95.0
if rustup toolchain list | grep -q '^no installed'; then
    rustup self uninstall -y
fi
