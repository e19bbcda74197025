#!/bin/sh
# Takes the server out of Claude Code; what was never there stays away.
set -eu

if command -v claude >/dev/null 2>&1; then
    claude mcp remove --scope user notebooklm >/dev/null 2>&1 </dev/null || true
fi
