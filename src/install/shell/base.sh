# What every script of ours starts with: where things lie, and which processes are ours.
# Wants `place` (home or machine) to be set.
umask 022
: "${HOME:=/root}"
base=$HOME/.local/state/sindri
if [ "$place" = machine ] && mkdir -p /var/lib/sindri 2>/dev/null && [ -w /var/lib/sindri ]; then
  base=/var/lib/sindri
fi
PATH=$HOME/.local/bin:$HOME/.local/share/mise/shims:${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
export HOME PATH

# Sources what installed extensions set; a broken file breaks nothing else.
profile() {
  for file in "$HOME"/.config/sindri/profile.d/*.sh; do
    if [ -f "$file" ]; then . "$file"; fi
  done
}

# keeps: in which folder downloads are kept; on the workspace's volume, where there is one. Wants
# `workspace` (where that volume is mounted) to be set where the machine may not know it yet.
keeps() {
  # One name for the workspace in every machine, wherever its volume is mounted. What the image has
  # there goes to the volume, where that has nothing of the name.
  if [ -n "${workspace:-}" ] && [ "$place" = machine ] && [ -d "$HOME/workspace" ] &&
    [ ! -L "$HOME/workspace" ] && [ ! "$HOME/workspace" -ef "$workspace" ] &&
    [ -f "$HOME/workspace/.of-the-image" ]; then
    rm -f "$HOME/workspace/.of-the-image"
    if cp -Rpn "$HOME/workspace/." "$workspace/" 2>/dev/null; then
      rm -rf "$HOME/workspace"
    else
      : >"$HOME/workspace/.of-the-image"
    fi
  fi
  if [ -n "${workspace:-}" ] && [ ! -e "$HOME/workspace" ]; then
    ln -sn "$workspace" "$HOME/workspace" 2>/dev/null
  fi
  downloads=$HOME/.cache/sindri/downloads
  if [ -d "$HOME/workspace" ]; then downloads=$HOME/workspace/.sindri/downloads; fi
}

# birth PID: prints what tells this process from a later one of the same number.
birth() {
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null) || boot=
  stat=${stat##*') '}
  # shellcheck disable=SC2086
  set -- $stat
  if [ "$1" = Z ] || [ $# -lt 20 ]; then return 1; fi
  shift 19
  printf '%s:%s\n' "$boot" "$1"
}

# alive FILE: whether the process a pid file names still runs.
alive() {
  [ -f "$1" ] || return 1
  read -r pid born <"$1" || return 1
  [ "$(birth "$pid")" = "$born" ]
}

# frame WORDS… FILE: prints a file, announced by its words and its length.
frame() {
  words=
  while [ $# -gt 1 ]; do words="$words $1" && shift; done
  size=$(wc -c <"$1" | tr -d ' ')
  printf '@sindri%s %s\n' "$words" "$size"
  cat "$1"
  printf '\n'
}

# word WORDS…: a frame without content.
word() {
  printf '@sindri %s 0\n\n' "$*"
}

pause() {
  sleep "$1" 2>/dev/null || sleep 1
}

# limited SECONDS COMMAND…: runs it in a process group of its own, which is killed when its time is
# up; the exit code is then 124.
limited() {
  limit=$1
  shift
  late=$scratch/late.$mark
  rm -f "$late"
  setsid sh -c 'cd "$HOME" && exec "$@"' sindri "$@" </dev/null 7>&- 8>&- 9>&- &
  leader=$!
  echo "$leader $(birth "$leader")" >"$scratch/leader.$mark"
  setsid sh -c 'sleep "$1"; : >"$2"; kill -TERM "-$3"; n=0
    while kill -0 "-$3" && [ "$n" -lt 3 ]; do n=$((n + 1)); sleep 1; done; kill -KILL "-$3"' \
    sindri "$limit" "$late" "$leader" </dev/null >/dev/null 2>&1 7>&- 8>&- 9>&- &
  guard=$!
  echo "$guard $(birth "$guard")" >"$scratch/guard.$mark"
  wait "$leader"
  code=$?
  if [ -e "$late" ]; then
    wait "$guard"
    rm -f "$late"
    code=124
  else
    { kill -KILL "-$guard" || kill -KILL "$guard"; wait "$guard"; } 2>/dev/null
  fi
  return "$code"
}

# check ID SECONDS COMMAND…: runs a validation; its output and exit code go to files.
check() {
  mark=$1
  limit=$2
  shift 2
  (
    ulimit -f 65536
    limited "$limit" "$@"
  ) >"$scratch/$mark.out" 2>&1
  echo $? >"$scratch/$mark.code"
}

# checked ID: prints a validation's result.
checked() {
  head -c "${show:-16384}" "$scratch/$1.out" >"$scratch/$1.head"
  frame check "$1" "$(cat "$scratch/$1.code")" "$scratch/$1.head"
}

# grab FD NAME: takes a lock of the machine, if it is free.
grab() {
  mkdir -p "$base/locks"
  if command -v flock >/dev/null 2>&1; then
    eval "exec $1>>\"\$base/locks/\$2\""
    flock -n "$1"
    return
  fi
  held=$base/locks/$2.d
  if mkdir "$held" 2>/dev/null; then
    echo "$$ $(birth $$)" >"$held/pid"
    return 0
  fi
  if [ -f "$held/pid" ]; then
    alive "$held/pid" || rm -rf "$held"
  else
    # Its holder is about to say who it is, or died before it did.
    pause 1
    [ -f "$held/pid" ] || rm -rf "$held"
  fi
  return 1
}

# release FD NAME
release() {
  if command -v flock >/dev/null 2>&1; then
    eval "exec $1>&-"
  else
    rm -rf "$base/locks/$2.d"
  fi
}

# kill_left FOLDER: ends what a runner that died left behind.
kill_left() {
  for left in "$1"/guard.* "$1"/leader.* "$1"/checks/guard.* "$1"/checks/leader.*; do
    if alive "$left"; then kill -KILL "-$pid"; fi
  done 2>/dev/null
}

# job_state: none, running, finished or dead. Wants `job` and `incarnation`.
job_state() {
  if [ ! -f "$job/run" ] || [ "$(cat "$job/incarnation")" != "$incarnation" ]; then
    echo none
  elif [ -f "$job/result" ]; then
    echo finished
  elif alive "$job/pid"; then
    echo running
  elif [ -f "$job/result" ]; then
    echo finished
  else
    echo dead
  fi
}
