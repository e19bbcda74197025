#!/bin/sh
# Writes the marketplaces into Claude Code's settings; one a person already has there stays theirs.
set -eu

here=$(dirname "$0")
mkdir -p "$HOME/.claude"
node - "$here/marketplaces.json" "$HOME/.claude/settings.json" <<'END'
const fs = require("fs");
const [ours, file] = process.argv.slice(2);
const settings = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {};
settings.extraKnownMarketplaces = {
    ...JSON.parse(fs.readFileSync(ours, "utf8")),
    ...settings.extraKnownMarketplaces,
};
fs.writeFileSync(file + ".sindri", JSON.stringify(settings, null, 2) + "\n");
fs.renameSync(file + ".sindri", file);
END
