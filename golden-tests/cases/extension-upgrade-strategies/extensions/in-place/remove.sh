#!/bin/sh
set -e
echo "remove 1.0.0" >>"$HOME/in-place.log"
rm -f "$HOME/.local/bin/in-place"
