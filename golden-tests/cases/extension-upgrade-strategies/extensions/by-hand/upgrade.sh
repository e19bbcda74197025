#!/bin/sh
set -e
echo "upgrade to 1.0.0" >>"$HOME/by-hand.log"
printf '#!/bin/sh\necho "by-hand 1.0.0"\n' >"$HOME/.local/bin/by-hand"
