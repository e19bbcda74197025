# fetch URL FILE: with what the machine has.
fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --connect-timeout 20 -o "$2" -- "$1" || exit
  elif command -v wget >/dev/null 2>&1; then
    wget -q -T 60 -O "$2" -- "$1" || exit
  else
    echo 'neither curl nor wget is on this machine'
    exit 127
  fi
}
