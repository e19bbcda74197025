#!/bin/sh
# Fetches the skill at one commit, whose name is the checksum of what it holds.
set -eu

commit=af226bafa409de035eca3f88ee1f816cd08b4da7
home="$HOME/.claude/skills/clarity"

if [ "$(git -C "$home" rev-parse HEAD 2>/dev/null || true)" = "$commit" ]; then
    echo "found clarity at $commit"
    exit 0
fi
mkdir -p "$HOME/.claude/skills"
fresh=$(mktemp -d "$HOME/.claude/skills/.clarity.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
git -C "$fresh" init --quiet
GIT_TERMINAL_PROMPT=0 git -C "$fresh" fetch --quiet --depth 1 \
    https://github.com/FrancyJGLisboa/clarity.git "$commit"
git -C "$fresh" -c advice.detachedHead=false checkout --quiet "$commit"
chmod 755 "$fresh"
rm -rf "$home"
mv "$fresh" "$home"
