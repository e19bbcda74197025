#!/bin/sh
# Takes every hook that runs compahook out of Claude Code's settings.
set -eu

settings="$HOME/.claude/settings.json"
if [ ! -f "$settings" ] || ! command -v node >/dev/null 2>&1; then
    exit 0
fi
node - "$settings" <<'END'
const fs = require("fs");
const file = process.argv[2];
const settings = JSON.parse(fs.readFileSync(file, "utf8"));
const ours = (hook) => String(hook.command || "").includes("compahook");
for (const [event, entries] of Object.entries(settings.hooks || {})) {
    const kept = entries
        .map((entry) => ({ ...entry, hooks: (entry.hooks || []).filter((hook) => !ours(hook)) }))
        .filter((entry) => entry.hooks.length > 0);
    if (kept.length > 0) settings.hooks[event] = kept;
    else delete settings.hooks[event];
}
if (settings.hooks && Object.keys(settings.hooks).length === 0) delete settings.hooks;
fs.writeFileSync(file + ".sindri", JSON.stringify(settings, null, 2) + "\n");
fs.renameSync(file + ".sindri", file);
END
