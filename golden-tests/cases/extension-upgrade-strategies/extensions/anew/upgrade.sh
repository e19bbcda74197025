#!/bin/sh
set -e
echo "upgrade to 1.0.0" >>"$HOME/anew.log"
printf '#!/bin/sh\necho "anew 1.0.0"\n' >"$HOME/.local/bin/anew"
