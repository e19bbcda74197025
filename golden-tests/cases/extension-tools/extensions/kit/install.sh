#!/bin/sh
set -e
echo "$1" >>"$HOME/runs"
mkdir -p "$HOME/.local/bin"
printf '#!/bin/sh\necho "%s 1.0.1"\n' "$1" >"$HOME/.local/bin/$1"
chmod +x "$HOME/.local/bin/$1"
