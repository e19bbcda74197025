#!/bin/sh
# Puts the command in place that runs the desktop, and makes its password.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
settings="$HOME/.config/xfce-desktop"
mkdir -p "$HOME/.local/bin" "$HOME/.local/state/xfce-desktop" "$settings"
chmod 700 "$settings"
cp "$here/xfce-desktop.sh" "$HOME/.local/bin/xfce-desktop"
chmod 755 "$HOME/.local/bin/xfce-desktop"
if [ ! -s "$settings/passwd" ]; then
    (
        umask 077
        # The protocol looks at eight characters.
        od -An -N4 -tx1 /dev/urandom | tr -d ' \n' >"$settings/password"
        vncpasswd -f <"$settings/password" >"$settings/passwd"
    )
fi
