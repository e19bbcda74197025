#!/bin/sh
# Takes the marketplaces out of Claude Code's settings, unless a person changed where they lead.
set -eu

here=$(dirname "$0")
settings="$HOME/.claude/settings.json"
if [ ! -f "$settings" ] || ! command -v node >/dev/null 2>&1; then
    exit 0
fi
node - "$here/marketplaces.json" "$settings" <<'END'
const fs = require("fs");
const [list, file] = process.argv.slice(2);
const ours = JSON.parse(fs.readFileSync(list, "utf8"));
const settings = JSON.parse(fs.readFileSync(file, "utf8"));
const known = settings.extraKnownMarketplaces || {};
for (const [name, marketplace] of Object.entries(ours)) {
    if (known[name]?.source?.repo === marketplace.source.repo) delete known[name];
}
if (Object.keys(known).length === 0) delete settings.extraKnownMarketplaces;
fs.writeFileSync(file + ".sindri", JSON.stringify(settings, null, 2) + "\n");
fs.renameSync(file + ".sindri", file);
END
