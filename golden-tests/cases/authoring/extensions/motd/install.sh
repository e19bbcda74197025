#!/bin/sh
set -e
mkdir -p "$HOME/.local/bin"
printf '#!/bin/sh\necho "hello"\n' >"$HOME/.local/bin/motd"
chmod +x "$HOME/.local/bin/motd"
