#!/bin/sh
# xfce-desktop [--check | --ready]: runs the desktop on display 5, for the browser on port 6080.
set -eu

display=:5
settings="$HOME/.config/xfce-desktop"
case "${1:-}" in
    --check)
        [ -s "$settings/passwd" ] && command -v Xtigervnc >/dev/null
        exit
        ;;
    --ready)
        DISPLAY=$display xset q >/dev/null 2>&1
        exit
        ;;
esac

rm -f /tmp/.X5-lock /tmp/.X11-unix/X5
Xtigervnc "$display" -geometry 1600x900 -depth 24 -localhost yes -rfbport 5905 \
    -SecurityTypes VncAuth -PasswordFile "$settings/passwd" &
server=$!
trap 'kill "$server" 2>/dev/null' EXIT
trap 'exit 143' TERM INT
tries=0
until DISPLAY=$display xset q >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 30 ] || exit 1
    sleep 1
done
DISPLAY=$display dbus-launch --exit-with-session startxfce4 &
websockify --web /usr/share/novnc 6080 127.0.0.1:5905 &
wait "$server"
