#!/bin/sh
# Makes the server known to Claude Code, for this user.
set -eu

claude mcp remove --scope user ruflo >/dev/null 2>&1 </dev/null || true
claude mcp add --scope user ruflo -- ruflo mcp start </dev/null
