#!/bin/sh
# Says it before anything is fetched: OpenClaw doesn't run on an older Node.js.
set -eu

node -e '
const [major, minor] = process.versions.node.split(".").map(Number);
process.exit(major >= 26 || (major === 24 && minor >= 16) ? 0 : 1);
' || {
    echo "OpenClaw needs Node.js 24.16 or newer; this machine has $(node --version)" >&2
    exit 1
}
