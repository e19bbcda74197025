#!/bin/sh
# Makes the workspace's folders and puts the `workspace` command on the path.
set -eu

here=$(dirname "$0")
mkdir -p "$HOME/workspace/projects" "$HOME/workspace/scratch" "$HOME/.local/bin"
cp "$here/workspace.sh" "$HOME/.local/bin/workspace"
chmod 755 "$HOME/.local/bin/workspace"
