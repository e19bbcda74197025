#!/bin/sh
# Takes away the links to what this extension unpacked; commands of other origin stay.
set -eu

for tool in aws aws_completer; do
    case $(readlink "$HOME/.local/bin/$tool" 2>/dev/null) in
        "$HOME/.local/share/sindri/opt/aws-cli/"*) rm -f "$HOME/.local/bin/$tool" ;;
    esac
done
