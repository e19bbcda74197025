#!/bin/sh
# Puts the Chromium that Playwright brought under a path that stays, for agent-browser to drive.
set -eu

chromium=
for found in "$HOME"/.cache/ms-playwright/chromium-*/chrome-linux*/chrome; do
    [ -x "$found" ] && chromium=$found
done
if [ -z "$chromium" ]; then
    echo "Playwright's Chromium isn't on this machine" >&2
    exit 1
fi
mkdir -p "$HOME/.local/share/sindri/agent-browser"
ln -sfn "$chromium" "$HOME/.local/share/sindri/agent-browser/chromium"
