#!/bin/sh
# Makes the server known to Claude Code, for this user.
set -eu

claude mcp remove --scope user context7 >/dev/null 2>&1 </dev/null || true
claude mcp add --scope user context7 -- context7-mcp </dev/null
