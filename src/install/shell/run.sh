# The job itself: runs detached in its folder, step by step, and needs nobody to watch it.
# Wants `extension`, `attempts`, `backoff` (milliseconds) and `brings`
# (whether what its steps bring is to be remembered, for a removal) to be set.
job=$(cd "$(dirname "$0")" && pwd) || exit 1
cd "$job" || exit 1
scratch=$job
mark=job
partial=
failed=
mkdir -p out tails marks checks "$base/locks" "$base/brought/$extension"

# hold FD NAME: waits for a lock of the machine and keeps it.
hold() {
  if command -v flock >/dev/null 2>&1; then
    eval "exec $1>>\"\$base/locks/\$2\""
    flock -n "$1" && return
    say "waiting $2"
    flock "$1"
    return
  fi
  silent=0
  until mkdir "$base/locks/$2.d" 2>/dev/null; do
    [ "$silent" = 0 ] && say "waiting $2"
    if [ -f "$base/locks/$2.d/pid" ]; then
      alive "$base/locks/$2.d/pid" || rm -rf "$base/locks/$2.d"
    elif [ "$silent" -gt 10 ]; then
      rm -rf "$base/locks/$2.d"
    fi
    silent=$((silent + 1))
    sleep 1
  done
  echo "$$ $(birth $$)" >"$base/locks/$2.d/pid"
}

# release FD NAME
release() {
  if command -v flock >/dev/null 2>&1; then
    eval "exec $1>&-"
  else
    rm -rf "$base/locks/$2.d"
  fi
}

# newest: the number of the newest piece of output.
newest() {
  set -- out/*
  while [ $# -gt 1 ]; do shift; done
  case $1 in
    'out/*') echo 100000 ;;
    *) echo "${1#out/}" ;;
  esac
}

# say TEXT: a mark between the outputs of steps.
say() {
  piece=$(newest)
  printf '\036%s\n' "$1" >>"out/$((piece + 1))"
}

# collect PIECE: keeps what it reads in pieces of the output; of too much, its beginning and its end.
collect() {
  piece=$1
  filled=0
  total=$(cat out/* 2>/dev/null | wc -c)
  while :; do
    # Writes what comes as it comes; the accounts are made after every eighth read.
    dd bs=16384 count=8 2>dd.said >>"out/$piece" || return
    count=
    { read -r records _ && read -r _ && read -r count _; } <dd.said
    [ "$records" != 0+0 ] || return
    # Not every dd tells the number of bytes.
    case $count in
      '' | *[!0-9]*) count=$(($(wc -c <"out/$piece") - filled)) ;;
    esac
    filled=$((filled + count))
    total=$((total + count))
    if [ "$filled" -ge 65536 ]; then
      piece=$((piece + 1))
      filled=0
    fi
    while [ "$total" -gt 900000 ]; do
      set -- out/*
      [ $# -gt 6 ] || break
      shift 4
      size=$(wc -c <"$1")
      rm -f "$1"
      total=$((total - size))
    done
  done
}

# attempt ID SECONDS: one try of a step.
attempt() {
  rm -f fifo found
  mkfifo fifo || return 1
  first=$(($(newest) + 1))
  collect "$first" <fifo 7>&- 8>&- 9>&- &
  collector=$!
  limited "$2" sh "$job/steps/$1" >fifo 2>&1
  code=$?
  # What a step left running in the background may keep the pipe open for ever.
  tries=0
  while kill -0 "$collector" 2>/dev/null && [ "$tries" -lt 20 ]; do
    tries=$((tries + 1))
    pause 0.05
  done
  { kill -KILL "$collector"; wait "$collector"; } 2>/dev/null
  [ "$code" = 0 ] && return
  last=$(newest)
  while [ "$first" -le "$last" ]; do
    cat "out/$first" 2>/dev/null
    first=$((first + 1))
  done | tail -c 8192 >"tails/$1"
  return "$code"
}

# permanent ID CODE: whether trying again can't help.
permanent() {
  case $2 in
    124 | 126 | 127) return 0 ;;
  esac
  grep -Eqi -e 'checksum|hash (sum )?mismatch|do not match the hashes|EINTEGRITY|EBADENGINE|ERESOLVE' \
    -e '\bE404\b|404 not found|ETARGET|ENOVERSIONS|unable to locate package|has no installation candidate' \
    -e 'no matching distribution|could not find `?[^ ]*`? in registry|ResolutionImpossible' \
    -e 'syntax ?error|unexpected (token|end of file)|could not compile|ELIFECYCLE' \
    -e 'permission denied|EACCES|no space left|ENOSPC|read-only file system|unsafe archive' "tails/$1"
}

# back_off TRY: waits twice as long each time, a random part added.
back_off() {
  wait_ms=$backoff
  turn=1
  while [ "$turn" -lt "$1" ]; do
    wait_ms=$((wait_ms * 2))
    turn=$((turn + 1))
  done
  chance=$(od -An -N1 -tu1 /dev/urandom 2>/dev/null | tr -d ' ')
  wait_ms=$((wait_ms + wait_ms * ${chance:-128} / 512))
  say "retry $id $1 $wait_ms"
  pause "$((wait_ms / 1000)).$(printf '%03d' $((wait_ms % 1000)))"
}

# on_distro IDS…: whether a step is meant for this distribution.
on_distro() {
  [ $# -gt 0 ] || return 0
  here=$(. /etc/os-release 2>/dev/null && echo "$ID")
  for one; do
    case $here in
      "$one" | "$one"-*) return 0 ;;
    esac
  done
  return 1
}

# step ID SECONDS core|part network|once LOCK DISTROS…: runs one step, unless an earlier run of this
# job did.
step() {
  id=$1
  seconds=$2
  weight=$3
  kind=$4
  lock=$5
  shift 5
  [ -z "$failed" ] || return 0
  [ ! -f "marks/$id" ] || return 0
  if ! on_distro "$@"; then
    settle "$id" skipped 0 0
    return 0
  fi
  [ "$lock" = - ] || hold 8 "$lock"
  say "start $id"
  began=$(date +%s)
  try=1
  while :; do
    attempt "$id" "$seconds"
    code=$?
    [ "$code" != 0 ] && [ "$kind" = network ] && [ "$try" -lt "$attempts" ] || break
    if permanent "$id" "$code"; then break; fi
    back_off "$try"
    try=$((try + 1))
  done
  [ "$lock" = - ] || release 8 "$lock"
  took=$(($(date +%s) - began))
  if [ "$code" = 0 ] && [ -f found ]; then
    settle "$id" found 0 "$took"
  elif [ "$code" = 0 ]; then
    [ -z "$brings" ] || touch "$base/brought/$extension/$id"
    settle "$id" done 0 "$took"
  elif [ "$weight" = part ]; then
    partial=1
    echo "failed $code $took" >"marks/$id.failed"
    say "end $id failed"
  else
    failed=1
    echo "failed $code $took" >"marks/$id.failed"
    say "end $id failed"
  fi
}

# settle ID RESULT CODE SECONDS: a step that needn't run again, not even after a restart.
settle() {
  echo "$2 $3 $4" >"marks/$1.new" && mv "marks/$1.new" "marks/$1"
  say "end $1 $2"
}

begin() {
  hold 9 "job-${job##*/}"
  [ ! -f result ] || exit 0
  echo "$$ $(birth $$)" >pid.new && mv pid.new pid
  hold 7 "extension-$extension"
  rm -f marks/*.failed
  profile
  SINDRI_JOB=$job SINDRI_BASE=$base SINDRI_EXTENSION=$extension DEBIAN_FRONTEND=noninteractive
  export SINDRI_JOB SINDRI_BASE SINDRI_EXTENSION DEBIAN_FRONTEND
  mkdir -p "$HOME/.local/bin"
  # A login shell's own profile sets the path anew.
  grep -qs '[.]local/bin' "$HOME/.profile" || printf '%s\n' \
    'case ":$PATH:" in *":$HOME/.local/bin:"*) ;; *) export PATH="$HOME/.local/bin:$PATH" ;; esac' \
    >>"$HOME/.profile"
}

# finish CHECKS: validates and leaves the result; from here on the job is over.
finish() {
  if [ -z "$failed" ]; then
    profile
    scratch=$job/checks
    say validating
    checks
  fi
  verdict=ready
  [ -z "$partial" ] || verdict=partial
  [ -z "$failed" ] || verdict=failed
  echo "$verdict" >result.new && mv result.new result
}
