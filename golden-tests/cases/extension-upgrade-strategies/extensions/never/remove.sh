#!/bin/sh
set -e
echo "remove 1.0.0" >>"$HOME/never.log"
rm -f "$HOME/.local/bin/never"
