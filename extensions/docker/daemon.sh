#!/bin/sh
# Puts the command in place that starts the engine.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$HOME/.local/bin" "$HOME/.local/state/sindri-dockerd"
cp "$here/dockerd.sh" "$HOME/.local/bin/sindri-dockerd"
chmod 755 "$HOME/.local/bin/sindri-dockerd"
"$HOME/.local/bin/sindri-dockerd" --check
