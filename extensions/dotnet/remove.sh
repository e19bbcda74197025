#!/bin/sh
# Takes away the link to what this extension unpacked; a `dotnet` of other origin stays.
set -eu

case $(readlink "$HOME/.local/bin/dotnet" 2>/dev/null) in
    "$HOME/.local/share/sindri/opt/dotnet/"*) rm -f "$HOME/.local/bin/dotnet" ;;
esac
