#!/bin/sh
# Takes SDKMAN! away with what it installed, unless it was there before this extension.
set -eu

[ ! -e "$HOME/.sdkman/.made-by-sindri" ] || rm -rf "$HOME/.sdkman"
if grep -qs 'SDKMAN! is a function of the shell' "$HOME/.local/bin/sdk"; then
    rm -f "$HOME/.local/bin/sdk"
fi
