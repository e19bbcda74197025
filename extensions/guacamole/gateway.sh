#!/bin/sh
# guacamole-gateway [--check | --ready]: runs guacd and Tomcat.
set -eu

home="$HOME/.local/share/sindri/opt/guacamole"
export GUACAMOLE_HOME="$HOME/.config/guacamole"
export CATALINA_HOME=/usr/share/tomcat10
export CATALINA_BASE="$home/tomcat"
case "${1:-}" in
    --check)
        [ -s "$CATALINA_BASE/webapps/guacamole.war" ] && [ -s "$GUACAMOLE_HOME/user-mapping.xml" ]
        exit
        ;;
    --ready)
        [ -d "$CATALINA_BASE/webapps/guacamole" ]
        exit
        ;;
esac

"$home/guacd/sbin/guacd" -f -b 127.0.0.1 -l 4822 &
guacd=$!
trap 'kill "$guacd" 2>/dev/null' EXIT
trap 'exit 143' TERM INT
"$CATALINA_HOME/bin/catalina.sh" run &
wait "$!"
