#!/bin/sh
# Makes the server known to Claude Code, for this user.
set -eu

claude mcp remove --scope user gitnexus >/dev/null 2>&1 </dev/null || true
claude mcp add --scope user gitnexus -- gitnexus mcp </dev/null
