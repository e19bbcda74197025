#!/bin/sh
set -e
mkdir -p "$HOME/.local/bin"
sleep 2
printf '#!/bin/sh\necho "slow 1.0"\n' >"$HOME/.local/bin/slow"
chmod +x "$HOME/.local/bin/slow"
