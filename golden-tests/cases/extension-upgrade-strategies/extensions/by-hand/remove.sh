#!/bin/sh
set -e
echo "remove 1.0.0" >>"$HOME/by-hand.log"
rm -f "$HOME/.local/bin/by-hand"
