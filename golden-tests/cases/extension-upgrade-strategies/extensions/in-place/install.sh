#!/bin/sh
set -e
mkdir -p "$HOME/.local/bin"
echo "install 1.0.0" >>"$HOME/in-place.log"
printf '#!/bin/sh\necho "in-place 1.0.0"\n' >"$HOME/.local/bin/in-place"
chmod +x "$HOME/.local/bin/in-place"
