#!/bin/sh
# Takes away the toolchain and the rustup that this extension brought; what was there before stays.
set -eu

ours="$HOME/.local/share/sindri/opt/rustup"
PATH="$HOME/.cargo/bin:$PATH"
command -v rustup >/dev/null 2>&1 || exit 0
[ ! -e "$ours/1.95.0" ] || rustup toolchain uninstall 1.95.0
if [ -e "$ours/rustup" ] && rustup toolchain list | grep -q '^no installed'; then
    rustup self uninstall -y
fi
