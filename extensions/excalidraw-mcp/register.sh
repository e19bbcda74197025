#!/bin/sh
# Makes the server known to Claude Code, for this user, where Claude Code is.
set -eu

if ! command -v claude >/dev/null 2>&1; then
    echo "Claude Code isn't on this machine: other clients start the server with: mcp-excalidraw-server"
    exit 0
fi
claude mcp remove --scope user excalidraw >/dev/null 2>&1 </dev/null || true
claude mcp add --scope user excalidraw -- mcp-excalidraw-server </dev/null
