# fetch URL FILE: with what the machine has; gives up on a connection that says nothing for a minute.
fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --connect-timeout 20 --speed-limit 1 --speed-time 60 -D "$2.head" -o "$2" -- "$1" ||
      { code=$? && later "$2.head" && exit "$code"; }
    rm -f "$2.head"
  elif command -v wget >/dev/null 2>&1; then
    wget -nv -T 60 -t 1 -O "$2" -- "$1" || exit
  else
    echo "neither curl nor wget is on this machine, to fetch $1"
    exit 127
  fi
}

# later HEADERS: keeps when the server wants to be asked again, in seconds.
later() {
  sed -n 's/^[Rr][Ee][Tt][Rr][Yy]-[Aa][Ff][Tt][Ee][Rr]: *\([0-9]\{1,4\}\)[^0-9]*$/\1/p' "$1" 2>/dev/null |
    tail -n 1 >"$SINDRI_JOB/later"
}
