#!/bin/sh
set -e
echo "upgrade to 1.0.0" >>"$HOME/in-place.log"
printf '#!/bin/sh\necho "in-place 1.0.0"\n' >"$HOME/.local/bin/in-place"
