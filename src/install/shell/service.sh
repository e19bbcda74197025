# A service of an extension: start, stop, status. Wants `name`, `pid_file`, `log`, `requires`,
# `stop_seconds`, `ready_seconds` to be set, and `run`, `halt` and `ask` to be defined.
mine=$base/services/$name.pid
group=
SINDRI_SERVICES=1
export SINDRI_SERVICES

surroundings() {
  case $place in
    home) keys=$HOME/../run/secrets ;;
    *) keys=${SINDRI_MACHINE-}/run/secrets ;;
  esac
  for file in "$keys"/*; do
    if [ -f "$file" ]; then
      value=$(cat "$file" && printf x) && export "${file##*/}=${value%x}"
    fi
  done
  profile
}

up() {
  if alive "$mine"; then return 0; fi
  if [ -n "$pid_file" ] && [ -f "$pid_file" ]; then
    daemon=$(head -n 1 "$pid_file")
    [ -n "$daemon" ] && kill -0 "$daemon" 2>/dev/null
    return
  fi
  return 1
}

fail() {
  echo "$name $1; its log ends:"
  tail -n 20 "$log"
  group=$child
  stop_it >/dev/null 2>&1
  exit 1
}

start_it() {
  if up; then return 0; fi
  surroundings
  for key in $requires; do
    eval "value=\${$key-}"
    if [ -z "$value" ]; then
      echo "$name isn't started: it needs $key, which isn't set"
      return 0
    fi
  done
  mkdir -p "$(dirname "$log")" || exit
  if [ -f "$log" ] && [ "$(wc -c <"$log")" -gt 1048576 ]; then
    tail -c 262144 "$log" >"$log.old" && mv "$log.old" "$log"
  fi
  if [ -n "$pid_file" ]; then rm -f "$pid_file"; fi
  (umask 077 && : >>"$log") || exit
  cd "$HOME" || exit
  run </dev/null >>"$log" 2>&1 7>&- 8>&- 9>&- &
  child=$!
  # One that is gone already has no birth to be told by.
  born=$(birth "$child") || born=gone
  echo "$child $born" >"$mine"
  left=
  ends=$(($(date +%s) + ready_seconds))
  while :; do
    if [ -z "$left" ] && ! alive "$mine"; then
      wait "$child"
      code=$?
      # It may have gone into the background.
      [ "$code" = 0 ] || fail "ended with exit code $code"
      left=1
      rm -f "$mine"
    fi
    if ask >/dev/null 2>&1; then break; fi
    [ "$(date +%s)" -lt "$ends" ] || fail "isn't ready after $ready_seconds s"
    pause 0.2
  done
  echo "$name is started"
}

# living GROUP: whether a process of the group still runs.
living() {
  cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^.*) //' |
    awk -v group="$1" '$1 != "Z" && $3 == group { found = 1 } END { exit !found }'
}

# runs: whether anything of it still does; its first process may be gone before the others.
runs() {
  if [ -n "$group" ] && living "$group"; then return 0; fi
  [ -n "$pid_file" ] && up
}

# gone SECONDS: waits until it is.
gone() {
  ends=$(($(date +%s) + $1))
  while runs; do
    [ "$(date +%s)" -lt "$ends" ] || return 1
    pause 0.1
  done
}

stop_it() {
  surroundings
  daemon=
  if [ -z "$group" ] && alive "$mine"; then group=$pid; fi
  halt </dev/null >>"$log" 2>&1 &
  halting=$!
  ends=$(($(date +%s) + stop_seconds))
  while kill -0 "$halting" 2>/dev/null && [ "$(date +%s)" -lt "$ends" ]; do pause 0.1; done
  for signal in TERM KILL; do
    if runs; then
      if [ -n "$group" ]; then kill "-$signal" "-$group"; fi
      if [ -n "$daemon" ]; then kill "-$signal" "$daemon"; fi
      gone "$stop_seconds"
    fi
  done 2>/dev/null
  group=
  rm -f "$mine"
}

until grab 9 "service-$name"; do pause 0.1; done
case $1 in
  start) start_it ;;
  stop) stop_it ;;
  restart) stop_it && start_it ;;
  status) up ;;
esac
code=$?
release 9 "service-$name"
exit "$code"
