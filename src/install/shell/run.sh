# The job itself: runs detached in its folder, step by step, and needs nobody to watch it.
# Wants `extension`, `attempts`, `backoff` (milliseconds), `urgency` (the seconds that what waits for it
# takes), `brings`
# (whether what its steps bring is to be remembered, for a removal) and `renew`
# (whether what is left of their tools counts for nothing) to be set.
job=$(cd "$(dirname "$0")" && pwd) || exit 1
token=$1
scratch=$job
mark=job
partial=
failed=

# hold FD NAME: waits for a lock of the machine and keeps it. Of several who wait, the one comes first
# for whom others wait the longest.
hold() {
  queue=$base/locks/$2.queue
  ticket=$queue/$urgency.$$
  mkdir -p "$queue"
  echo "$$ $(birth $$)" >"$ticket"
  if ! { our_turn && grab "$1" "$2"; }; then
    say "waiting $2"
    until our_turn && grab "$1" "$2"; do pause 0.2; done
  fi
  rm -f "$ticket"
}

# our_turn: whether nobody more urgent waits in the queue; who died waiting doesn't count.
our_turn() {
  for other in "$queue"/*; do
    theirs=${other##*/}
    if [ "${theirs%.*}" -gt "$urgency" ] 2>/dev/null; then
      if alive "$other"; then return 1; fi
      rm -f "$other"
    fi
  done
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
    if [ "$records" = 0+0 ]; then
      # A piece without anything in it would look like one that was left out.
      [ -s "out/$piece" ] || rm -f "out/$piece"
      return
    fi
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
  rm -f fifo found later
  mkfifo fifo || return 1
  reached
  first=$(($(newest) + 1))
  # It must not keep the locks of a job that is killed.
  (
    exec 7>&- 8>&- 9>&-
    collect "$first"
  ) <fifo &
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

# passing ID: whether the network behaved badly. What tools make of that: they say that there is no such
# package, after a warning, or (pip) without any.
passing() {
  grep -Eqi -e "(failure|error) resolving|resolve (host|')|ENOTFOUND|EAI_AGAIN|service not known" \
    -e "(could ?n[o']t|failed to) connect|connection (refused|reset|closed|broken|timed)|closed connection" \
    -e 'ECONN|ETIMEDOUT|timed out|unreachable|error sending request|partial file|bytes remaining' \
    -e 'failed to fetch|index files failed to download|from versions: none' \
    -e '(error:?|got|server error \(|client error \() ?(429|50[0-9])|\bE(429|50[0-9])\b' \
    -e '50[0-9] +(internal|bad|service|gateway)' "tails/$1"
}

# cut_short ID: whether pip may have been cut short: it takes half a file for one that was tampered with.
# What comes out the same twice was.
cut_short() {
  got=$(sed -n 's/^ *Got  *\([0-9a-f]\{64\}\).*/\1/p' "tails/$1" | tail -n 1)
  before=$(cat "got.$1" 2>/dev/null)
  echo "$got" >"got.$1"
  [ -n "$got" ] && [ "$got" != "$before" ]
}

# permanent ID CODE: whether trying again can't help.
permanent() {
  case $2 in
    124 | 126 | 127) return 0 ;;
  esac
  grep -qi 'do not match the hashes' "tails/$1" && cut_short "$1" && return 1
  # However the network behaved: this comes out the same again.
  grep -Eqi -e 'checksum (mismatch|failed)|verify the checksum|hash (sum )?mismatch|do not match the hashes' \
    -e 'EINTEGRITY|EBADENGINE|ERESOLVE|ELIFECYCLE|ResolutionImpossible' \
    -e 'syntax ?error|unexpected (token|end of file)|could not compile|unsafe archive' \
    -e 'no space left|ENOSPC|disk quota|failure writing output|read-only file system|EROFS' \
    -e 'permission denied|EACCES|redirects followed|too many redirects|redirections exceeded' \
    -e 'certificate (problem|verify failed)|SELF_SIGNED_CERT|CERT_HAS_EXPIRED|UNABLE_TO_(VERIFY|GET)_' \
    -e 'certificate of .* (is not trusted|known issuer)|SSL peer certificate|unknownissuer' \
    "tails/$1" && return 0
  passing "$1" && return 1
  grep -Eqi -e '\bE40[0-79]\b|(error:?|got|client error \() ?4(0[0-79]|10)|40[134] +(not|forbidden|unauthorized)' \
    -e 'ETARGET|ENOVERSIONS|unable to locate package|has no installation candidate' \
    -e 'no matching distribution|could not find `?[^ ]*`? in registry' "tails/$1"
}

# busy ID: whether the machine's packages were in somebody else's hands, which passes.
busy() {
  grep -Eqi -e 'could not get lock|unable to (lock|acquire the dpkg)' "tails/$1"
}

# back_off TRY: waits by chance, at most twice as long each time and at most a minute, unless a server
# asked for more.
back_off() {
  wait_ms=$backoff
  turn=1
  while [ "$turn" -lt "$1" ] && [ "$wait_ms" -lt 60000 ]; do
    wait_ms=$((wait_ms * 2))
    turn=$((turn + 1))
  done
  [ "$wait_ms" -le 60000 ] || wait_ms=60000
  # A server may have said when to come back.
  asked=$(cat later 2>/dev/null)
  case $asked in '' | *[!0-9]*) asked=0 ;; esac
  [ "$asked" -le 120 ] || asked=120
  chance=$(od -An -N2 -tu2 /dev/urandom 2>/dev/null | tr -d ' ')
  wait_ms=$((wait_ms * ${chance:-32768} / 65536))
  [ "$wait_ms" -ge $((asked * 1000)) ] || wait_ms=$((asked * 1000))
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

# step ID SECONDS core|part network|script|once LOCK DISTROS…: runs one step, unless an earlier run of this
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
    [ "$code" != 0 ] && [ "$try" -lt "$attempts" ] || break
    if ! busy "$id"; then
      if [ "$kind" = once ] || permanent "$id" "$code"; then break; fi
      # A script that failed may have done anything: only a bad network is a reason to repeat it.
      if [ "$kind" = script ] && ! passing "$id"; then break; fi
    fi
    back_off "$try"
    try=$((try + 1))
  done
  [ "$lock" = - ] || release 8 "$lock"
  took=$(($(date +%s) - began))
  if [ "$code" = 0 ] && [ -f found ]; then
    settle "$id" found 0 "$took"
  elif [ "$code" = 0 ]; then
    # How it goes away again, for whoever takes it away.
    if [ -n "$brings" ] && [ -d "undo/$id" ]; then cp "undo/$id"/* "$base/brought/$extension/"; fi
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

# there ID 0|1: a step whose tool was there when the job began; 1: this extension brought it before.
there() {
  [ ! -f "marks/$1" ] || return 0
  [ "$2" = 0 ] || cp "undo/$1"/* "$base/brought/$extension/"
  settle "$1" found 0 0
}

# settle ID RESULT CODE SECONDS: a step that needn't run again, not even after a restart.
settle() {
  echo "$2 $3 $4" >"marks/$1.new" && mv "marks/$1.new" "marks/$1"
  say "end $1 $2"
}

# hook: has every shell find the tools, and source what extensions set; our own steps do so anyway.
hook() {
  until grab 8 hook; do pause 0.05; done
  mkdir -p "$HOME/.config/sindri/profile.d"
  ours=$HOME/.config/sindri/profile
  cat >"$ours.new" <<'END' && mv "$ours.new" "$ours"
case :$PATH: in
  *:"$HOME/.local/bin":*) ;;
  *) PATH=$HOME/.local/bin:$HOME/.local/share/mise/shims:$PATH ;;
esac
if [ -z "${SINDRI_SERVICES:-}" ]; then
  for boot in /var/lib/sindri/start "$HOME/.local/state/sindri/start"; do
    if [ -f "$boot" ]; then
      (SINDRI_SERVICES=1 setsid sh "$boot" </dev/null >/dev/null 2>&1 &)
      break
    fi
  done
  SINDRI_SERVICES=1
  export SINDRI_SERVICES
  unset boot
fi
for file in "$HOME"/.config/sindri/profile.d/*.sh; do
  if [ -f "$file" ]; then . "$file"; fi
done
END
  for rc in .profile .bashrc .bash_profile .bash_login .zprofile .zshrc; do
    case $rc in
      .profile | .bashrc) ;;
      *) [ -f "$HOME/$rc" ] || continue ;;
    esac
    grep -qs 'sindri/profile"' "$HOME/$rc" && continue
    echo 'if [ -f "$HOME/.config/sindri/profile" ]; then . "$HOME/.config/sindri/profile"; fi' >>"$HOME/$rc"
  done
  release 8 hook
}

begin() {
  until grab 9 "job-${job##*/}"; do pause 0.05; done
  # Whoever came to replace the folder before we got here has started a job of their own.
  [ "$(cat "$job/token")" = "$token" ] && cd "$job" || exit 0
  [ ! -f result ] || exit 0
  mkdir -p out tails marks checks "$base/brought/$extension"
  echo "$$ $(birth $$)" >pid.new && mv pid.new pid
  hold 7 "extension-$extension"
  rm -f marks/*.failed
  reach
  profile
  stand_in_front
  SINDRI_JOB=$job SINDRI_BASE=$base SINDRI_EXTENSION=$extension DEBIAN_FRONTEND=noninteractive
  SINDRI_RENEW=$renew
  export SINDRI_JOB SINDRI_BASE SINDRI_EXTENSION SINDRI_RENEW DEBIAN_FRONTEND
  keeps
  SINDRI_DOWNLOADS=$downloads
  export SINDRI_DOWNLOADS
  mkdir -p "$HOME/.local/bin"
  hook
}

# finish CHECKS: validates and leaves the result; from here on the job is over.
finish() {
  if [ -z "$failed" ]; then
    profile
    scratch=$job/checks
    say validating
    checks
  fi
  if [ -z "$failed" ] && [ -n "$brings" ]; then
    kept=$base/installed/$extension
    mkdir -p "$base/installed"
    rm -rf "$kept.new" && cp -R removal "$kept.new" && rm -rf "$kept" && mv "$kept.new" "$kept"
  fi
  verdict=ready
  [ -z "$partial" ] || verdict=partial
  [ -z "$failed" ] || verdict=failed
  echo "$verdict" >result.new && mv result.new result
}
