#!/bin/sh
set -e
mkdir -p "$HOME/.local/bin"
echo "putting greet in place"
printf '#!/bin/sh\necho "greet 1.0: hello"\n' >"$HOME/.local/bin/greet"
chmod +x "$HOME/.local/bin/greet"
