# Starts the job, unless it runs or is over already; its folder comes on standard input as an
# archive. Wants `job` and `incarnation` to be set.
mkdir -p "$base/jobs" || { word cannot make "$base" && exit 0; }
for tool in setsid tar mkfifo dd; do
  command -v "$tool" >/dev/null 2>&1 || { word "lacks $tool" && exit 0; }
done
case $(job_state) in
  running) word attached ;;
  finished) word attached ;;
  none | dead)
    fresh=$job.new.$$
    rm -rf "$fresh"
    mkdir -p "$fresh" && tar -xf - -C "$fresh" || { word cannot unpack && exit 0; }
    kill_left "$job"
    if [ "$(job_state)" = dead ]; then
      mkdir -p "$fresh/marks"
      cp "$job"/marks/* "$fresh/marks/" 2>/dev/null
      word resumed
    fi
    rm -rf "$job" && mv "$fresh" "$job" || { word cannot place && exit 0; }
    setsid sh "$job/run" </dev/null >"$job/said" 2>&1 &
    turn=0
    while [ ! -f "$job/pid" ] && [ ! -f "$job/result" ] && [ "$turn" -lt 200 ]; do
      turn=$((turn + 1))
      pause 0.02
    done
    ;;
esac
cat >/dev/null
