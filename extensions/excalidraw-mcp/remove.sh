#!/bin/sh
# Stops the canvas and takes the server out of Claude Code.
set -eu

if command -v excalidraw-canvas >/dev/null 2>&1; then
    excalidraw-canvas stop >/dev/null 2>&1 </dev/null || true
fi
if command -v claude >/dev/null 2>&1; then
    claude mcp remove --scope user excalidraw >/dev/null 2>&1 </dev/null || true
fi
