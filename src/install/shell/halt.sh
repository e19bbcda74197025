# Ends the jobs of an extension that run: first who leads them, so that no further step begins, then
# what they started. The next one goes on at the first unfinished step. Wants `extension` to be set.
hex='[0-9a-f]'
twelve=$hex$hex$hex$hex$hex$hex$hex$hex$hex$hex$hex$hex
# shellcheck disable=SC2086
for job in "$base/jobs/$extension-"$twelve "$base/jobs/$extension-remove"; do
  alive "$job/pid" || continue
  { kill -KILL "-$pid" || kill -KILL "$pid"; } 2>/dev/null
  for left in "$job"/leader.* "$job"/checks/leader.*; do
    # A tool that is asked to end cleans up after itself.
    if alive "$left"; then kill -TERM "-$pid"; fi
  done 2>/dev/null
  turn=0
  while [ "$turn" -lt 30 ]; do
    busy=
    for left in "$job"/leader.* "$job"/checks/leader.*; do
      if alive "$left"; then busy=1; fi
    done
    [ -n "$busy" ] || break
    turn=$((turn + 1))
    pause 0.1
  done
  kill_left "$job"
done
exit 0
