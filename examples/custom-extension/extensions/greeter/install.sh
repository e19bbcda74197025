#!/bin/sh
# Writes the command `greet`. Run twice it does the same again.
set -eu
mkdir -p "$HOME/.local/bin"
cat >"$HOME/.local/bin/greet" <<'TOOL'
#!/bin/sh
case "${1:-}" in
    --version) echo "greet 1.0" ;;
    *) echo "Hello, ${1:-stranger}." ;;
esac
TOOL
chmod 755 "$HOME/.local/bin/greet"
echo "wrote $HOME/.local/bin/greet"
