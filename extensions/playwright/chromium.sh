#!/bin/sh
# Brings the Chromium that this Playwright drives, under a command of its own, and where it may,
# the libraries Chromium needs.
set -eu

# System packages belong to the machine; on this very host only where its owner said so.
may_use_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    [ "${SINDRI_PROVIDER:-}" != local ] || [ "${SINDRI_HOST_PACKAGES:-0}" = 1 ]
}

if may_use_apt; then
    export DEBIAN_FRONTEND=noninteractive
    playwright install-deps chromium </dev/null
else
    echo "Chromium's libraries are left as the machine has them"
fi
playwright install chromium </dev/null

chromium=$(NODE_PATH="$HOME/.local/lib/node_modules" \
    node -e 'console.log(require("@playwright/test").chromium.executablePath())')
printf '#!/bin/sh\nexec "%s" "$@"\n' "$chromium" >"$HOME/.local/bin/playwright-chromium"
chmod 755 "$HOME/.local/bin/playwright-chromium"
