#!/bin/sh
set -e
echo "upgrade to 1.0.0" >>"$HOME/again.log"
printf '#!/bin/sh\necho "again 1.0.0"\n' >"$HOME/.local/bin/again"
