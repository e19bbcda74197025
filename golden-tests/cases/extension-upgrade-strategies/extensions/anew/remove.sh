#!/bin/sh
set -e
echo "remove 1.0.0" >>"$HOME/anew.log"
rm -f "$HOME/.local/bin/anew"
