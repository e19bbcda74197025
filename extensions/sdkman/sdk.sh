#!/usr/bin/env bash
# SDKMAN! is a function of the shell; this makes it a command.
export SDKMAN_DIR="${SDKMAN_DIR:-$HOME/.sdkman}"
. "$SDKMAN_DIR/bin/sdkman-init.sh"
sdk "$@"
