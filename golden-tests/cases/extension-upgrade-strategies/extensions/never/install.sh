#!/bin/sh
set -e
mkdir -p "$HOME/.local/bin"
echo "install 1.0.0" >>"$HOME/never.log"
printf '#!/bin/sh\necho "never 1.0.0"\n' >"$HOME/.local/bin/never"
chmod +x "$HOME/.local/bin/never"
