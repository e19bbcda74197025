#!/bin/sh
set -e
mkdir -p "$HOME/.local/bin"
echo "putting greeter in place"
echo "the disk is on fire" >&2
exit 3
printf '#!/bin/sh\necho "greeter 1.0.0"\n' >"$HOME/.local/bin/greeter"
chmod +x "$HOME/.local/bin/greeter"
