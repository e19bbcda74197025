# fetch URL FILE: with what the machine has; gives up on a connection that says nothing for a minute.
fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --connect-timeout 20 --speed-limit 1 --speed-time 60 -o "$2" -- "$1" || exit
  elif command -v wget >/dev/null 2>&1; then
    wget -nv -T 60 -t 1 -O "$2" -- "$1" || exit
  else
    echo 'neither curl nor wget is on this machine'
    exit 127
  fi
}
