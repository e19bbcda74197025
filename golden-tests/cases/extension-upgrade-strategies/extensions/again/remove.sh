#!/bin/sh
set -e
echo "remove 1.0.0" >>"$HOME/again.log"
rm -f "$HOME/.local/bin/again"
