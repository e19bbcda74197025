# Starts the job, unless it runs or is over already; its folder comes on standard input as an
# archive. Wants `job`, `incarnation` and `workspace`
# (where that volume is mounted, if there is one) to be set; sets `piece` and `offset` where it begins anew.
mkdir -p "$base/jobs" || { word cannot make "$base" && exit 0; }
for tool in setsid tar mkfifo dd; do
  command -v "$tool" >/dev/null 2>&1 || { word "lacks $tool" && exit 0; }
done

# One name for the workspace in every machine, wherever its volume is mounted.
if [ -n "$workspace" ] && [ ! -e "$HOME/workspace" ]; then
  ln -sn "$workspace" "$HOME/workspace" 2>/dev/null
fi

# begin_anew: replaces what is left of the job, and starts it. Wants the job's lock.
begin_anew() {
  kill_left "$job"
  rm -rf "$job".new.* "$job".gone.*
  new=$job.new.$$
  mkdir -p "$new" && tar -xf - -C "$new" || return
  left=$(job_state)
  if [ "$left" = dead ]; then
    mkdir -p "$new/marks"
    cp "$job"/marks/* "$new/marks/" 2>/dev/null
    # What it printed so far belongs to its log.
    if [ -d "$job/out" ]; then cp -r "$job/out" "$new/out"; fi
  fi
  token=$$.$(birth $$)
  echo "$token" >"$new/token"
  rm -rf "$job" && mv "$new" "$job"
}

while :; do
  case $(job_state) in
    running | finished) break ;;
  esac
  if ! grab 9 "job-${job##*/}"; then
    pause 0.05
    continue
  fi
  case $(job_state) in
    running | finished)
      release 9 "job-${job##*/}"
      break
      ;;
  esac
  begin_anew || { word cannot write "$job" && exit 0; }
  release 9 "job-${job##*/}"
  setsid sh "$job/run" "$token" </dev/null >"$job/said" 2>&1 &
  if [ "$left" != dead ]; then
    word fresh
    piece=0
    offset=0
  fi
  turn=0
  while [ ! -f "$job/pid" ] && [ ! -f "$job/result" ] && [ "$turn" -lt 200 ]; do
    turn=$((turn + 1))
    pause 0.02
  done
  break
done
cat >/dev/null
