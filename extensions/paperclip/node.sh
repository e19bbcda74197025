#!/bin/sh
# Says it before anything is fetched: Paperclip doesn't run on an older Node.js.
set -eu

node -e '
const [major, minor] = process.versions.node.split(".").map(Number);
process.exit(major > 24 || (major === 24 && minor >= 11) ? 0 : 1);
' || {
    echo "Paperclip needs Node.js 24.11 or newer; this machine has $(node --version)" >&2
    exit 1
}
