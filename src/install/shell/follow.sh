# Prints the job's output from a place on, as it comes, until the job is over or time is up.
# Wants `job`, `piece`, `offset` and `patience` (seconds) to be set.
rest=$job/rest.$$

# linger SECONDS: pauses, but no longer than the job runs: it holds its lock for as long.
linger() {
  if command -v flock >/dev/null 2>&1; then
    flock -w "$1" -E 75 -s "$base/locks/job-${job##*/}" true 2>/dev/null
    code=$?
    if [ "$code" = 75 ]; then return; fi
    # Not every flock can wait, and one that didn't must not make a loop without rest.
    if [ "$code" = 0 ] && [ -f "$job/result" ]; then return; fi
  fi
  pause "$1"
}

ends=$(($(date +%s) + patience))
nap=0.05
naps=0
while :; do
  over=
  case $(job_state) in
    finished) over=finished ;;
    dead) over=dead ;;
    none) over=none ;;
  esac
  moved=
  for part in "$job"/out/*; do
    number=${part##*/}
    [ "$number" != '*' ] && [ "$number" -ge "$piece" ] || continue
    if [ "$number" -gt "$piece" ]; then
      piece=$number
      offset=0
    fi
    tail -c "+$((offset + 1))" "$part" >"$rest" 2>/dev/null
    size=$(wc -c <"$rest" | tr -d ' ')
    [ "$size" -gt 0 ] || continue
    frame output "$piece" "$offset" "$rest"
    offset=$((offset + size))
    moved=1
  done
  rm -f "$rest"
  [ -z "$over" ] || break
  if [ "$(date +%s)" -ge "$ends" ]; then
    over=more
    break
  fi
  naps=$((naps + 1))
  if [ -n "$moved" ]; then naps=0 && nap=0.05; fi
  case $naps in
    6) nap=0.1 ;;
    12) nap=0.3 ;;
    24) nap=1 ;;
  esac
  linger "$nap"
done
if [ "$over" = finished ]; then
  for file in "$job"/marks/*; do
    [ -f "$file" ] && frame mark "${file##*/}" "$file"
  done
  for file in "$job"/tails/*; do
    [ -f "$file" ] && frame tail "${file##*/}" "$file"
  done
  scratch=$job/checks
  for file in "$job"/checks/*.code; do
    [ -f "$file" ] || continue
    file=${file##*/}
    checked "${file%.code}"
  done
  if [ -f "$job/pins" ]; then frame pins "$job/pins"; fi
  frame result "$job/result"
fi
word "over $over"
exit 0
