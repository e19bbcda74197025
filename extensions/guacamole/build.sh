#!/bin/sh
# Builds guacd below the home, lays out Tomcat's folder, and makes a user with a password of its own.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home="$HOME/.local/share/sindri/opt/guacamole"
settings="$HOME/.config/guacamole"
prefix="$home/guacd"

if [ "$("$prefix/sbin/guacd" -v 2>/dev/null | grep -c 'version 1.6.0')" = 0 ]; then
    cd "$HOME/.local/share/sindri/opt/guacamole-server/guacamole-server-1.6.0"
    # Unpacking may leave generated files older than their sources; make would generate them anew.
    find . -exec touch -r configure {} +
    CFLAGS='-O2 -Wno-error' ./configure --quiet --prefix="$prefix" --disable-guacenc \
        --disable-guaclog --disable-kubernetes
    make -s -j2
    make -s install
fi
mkdir -p "$HOME/.local/bin" "$HOME/.local/state/guacamole" "$settings"
ln -sfn "$prefix/sbin/guacd" "$HOME/.local/bin/guacd"
cp "$here/gateway.sh" "$HOME/.local/bin/guacamole-gateway"
chmod 755 "$HOME/.local/bin/guacamole-gateway"

base="$home/tomcat"
mkdir -p "$base/conf" "$base/logs" "$base/temp" "$base/webapps" "$base/work"
cp /usr/share/tomcat10/etc/*.xml "$base/conf/"
# Tomcat 10 speaks a newer interface than the application is written for.
rm -rf "$base/webapps/guacamole" "$base/webapps/guacamole.war"
javax2jakarta "$home/guacamole.war" "$base/webapps/guacamole.war"

chmod 700 "$settings"
cp "$here/guacamole.properties" "$settings/guacamole.properties"
if [ ! -s "$settings/user-mapping.xml" ]; then
    password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
    (
        umask 077
        sed "s/@PASSWORD@/$password/" "$here/user-mapping.xml" >"$settings/user-mapping.xml"
    )
fi
