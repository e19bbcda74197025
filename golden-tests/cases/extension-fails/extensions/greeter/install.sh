#!/bin/sh
set -e
mkdir -p "$HOME/.local/bin"
echo "putting greet in place"
printf '#!/bin/sh\necho "greet 1.0: hello"\n' >"$HOME/.local/bin/greet"
echo "the disk is on fire" >&2
exit 3
chmod +x "$HOME/.local/bin/greet"
