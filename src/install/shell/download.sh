# Downloads: fetched, verified and unpacked in a folder of the job's; put in place when all of a step
# are right. Wants `root` (the step's folder) to be set; each download works in `work`.

# begin NUMBER: a folder for one download.
begin() {
  work=$root/$1
  mkdir -p "$work/into" || exit
}

# verify SHA256 NAME
verify() {
  sum=$(sha256sum <"$work/file") || exit
  sum=${sum%% *}
  if [ "$sum" != "$1" ]; then
    echo "checksum mismatch: expected $1, got $sum"
    exit 1
  fi
  # shellcheck disable=SC2154
  echo "$2 $arch $sum" >>"$SINDRI_JOB/pins"
}

# listed FILE: the checksum that the list in `sums` has for a file: lines of checksum and name, BSD's
# way, or one checksum alone.
listed() {
  found=$(tr -d '\r' <"$work/sums" | sed -n \
    -e 's/^\\\{0,1\}\([0-9a-fA-F]\{64\}\)[ 	]\{1,\}[*]\{0,1\}\(.*\)$/\1 \2/p' \
    -e 's/^SHA256 (\(.*\)) *= *\([0-9a-fA-F]\{64\}\)$/\2 \1/p' |
    while read -r sum name; do
      if [ "${name##*/}" = "$1" ]; then echo "$sum"; fi
    done | tr A-F a-f | sort -u)
  if [ -z "$found" ]; then
    # shellcheck disable=SC2046
    set -- "$1" $(head -c 4096 "$work/sums" | tr -d '\r')
    if [ $# = 2 ] || { [ $# = 3 ] && [ "$3" = - ]; }; then
      found=$(printf '%s\n' "$2" | grep -Ex '[0-9a-fA-F]{64}' | tr A-F a-f)
    fi
  fi
  case $found in
    *"
"*)
      echo "checksum mismatch: the list has several checksums for $1"
      exit 1
      ;;
    '')
      echo "checksum mismatch: the list has no checksum for $1"
      exit 1
      ;;
  esac
  wanted=$found
}

unsafe() {
  echo "unsafe archive: $*"
  exit 1
}

# needs TOOL: what unpacks a format.
needs() {
  command -v "$1" >/dev/null 2>&1 && return
  echo "unpacking needs $1, which isn't on this machine"
  exit 127
}

# most: the bytes that an archive may unpack to.
most() {
  size=$(wc -c <"$work/file")
  most=$((size * 200))
  [ "$most" -gt 268435456 ] || most=268435456
  [ "$most" -lt 8589934592 ] || most=8589934592
}

# inflate TOOL: takes one layer of compression off.
inflate() {
  needs "$1"
  most
  { "$1" -dc <"$work/file" && : >"$work/whole"; } | head -c "$((most + 1))" >"$work/plain"
  [ "$(wc -c <"$work/plain")" -le "$most" ] || unsafe "it holds more than $most bytes"
  if [ ! -f "$work/whole" ]; then
    echo "checksum mismatch: the archive is damaged"
    exit 1
  fi
}

ZIP='
import os, stat, sys, zipfile
file, into, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
def refuse(why):
    print("unsafe archive: " + why)
    sys.exit(1)
with zipfile.ZipFile(file) as archive:
    members = archive.infolist()
    if sum(member.file_size for member in members) > most:
        refuse("it holds more than %d bytes" % most)
    for member in members:
        name, mode = member.filename, member.external_attr >> 16
        if name.startswith("/") or "\\" in name or ".." in name.split("/"):
            refuse("it holds a path that leads out of it")
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            refuse("it holds what is neither file nor folder")
    for member in members:
        path = archive.extract(member, into)
        if not member.is_dir() and member.external_attr >> 16 & 0o111:
            os.chmod(path, 0o755)
'

unzipped() {
  most
  if command -v python3 >/dev/null 2>&1; then
    python3 -c "$ZIP" "$work/file" "$work/into" "$most" || exit 1
    return
  fi
  needs unzip
  # What leads out of the folder it skips, and says so by its exit code.
  (ulimit -f $((most / 512)) && unzip -q -o "$work/file" -d "$work/into" </dev/null) ||
    unsafe "unzip refuses it"
  [ -z "$(find "$work/into" -type l)" ] || unsafe "it holds what is neither file nor folder"
}

untarred() {
  needs tar
  tar -tf "$work/plain" >"$work/members" 2>"$work/said" || { cat "$work/said" && exit 1; }
  tar -tvf "$work/plain" >"$work/listing" 2>>"$work/said" || exit 1
  if grep -Eq '^/|(^|/)[.][.](/|$)' "$work/members"; then
    unsafe "it holds a path that leads out of it"
  fi
  if grep -Eq '^[bcps]' "$work/listing"; then
    unsafe "it holds what is neither file, folder nor link"
  fi
  # Some a tar mends in its own listing, and says so.
  if grep -Eqi 'removing leading' "$work/said" ||
    grep -Eq -e ' link to (/|([^ ]*/)?[.][.](/|$))' -e ' -> /' \
      -e '^[^l].* -> ([^ ]*/)?[.][.](/|$)' "$work/listing"; then
    unsafe "it holds a path or link that leads out of it"
  fi
  tar -xof "$work/plain" -C "$work/into" || exit 1
  rm -f "$work/plain"
}

# unpack NAME: what the download's name says it is; nothing leaves the folder it is unpacked into.
unpack() {
  single=
  case $1 in
    *.zip | *.whl) unzipped ;;
    *.tar) mv "$work/file" "$work/plain" && untarred ;;
    *.tar.gz | *.tgz) inflate gzip && untarred ;;
    *.tar.xz | *.txz) inflate xz && untarred ;;
    *.tar.bz2 | *.tbz2 | *.tbz) inflate bzip2 && untarred ;;
    *.tar.zst | *.tzst) inflate zstd && untarred ;;
    *.gz) single=gzip ;;
    *.xz) single=xz ;;
    *.bz2) single=bzip2 ;;
    *.zst) single=zstd ;;
    *)
      echo "what kind of archive is ${1##*/}"
      exit 126
      ;;
  esac
  if [ -n "$single" ]; then
    inflate "$single"
    mv "$work/plain" "$work/single" || exit
    return
  fi
  top=$(cd "$work/into" && pwd -P) || exit
  if [ -n "$(find "$work/into" ! -type f ! -type d ! -type l)" ]; then
    unsafe "it holds what is neither file, folder nor link"
  fi
  find "$work/into" -type l >"$work/links"
  while read -r link; do
    case $(readlink -f "$link") in
      "$top"/*) ;;
      *) unsafe "a link leads out of it" ;;
    esac
  done <"$work/links" || exit
}

# member PATH: the one file of the archive that is the tool.
member() {
  if [ -n "$single" ]; then return; fi
  if [ ! -f "$work/into/$1" ] || [ -L "$work/into/$1" ]; then
    echo "the download doesn't hold $1"
    exit 1
  fi
  mv "$work/into/$1" "$work/single" || exit
}

# place FILE NAME DESTINATION: puts one executable file in place, whole or not at all.
place() {
  target=$3
  case $target in
    */) target=$target$2 ;;
    *) [ ! -d "$target" ] || target=$target/$2 ;;
  esac
  mkdir -p "$(dirname "$target")" && cp "$1" "$target.sindri" && chmod 755 "$target.sindri" &&
    mv -f "$target.sindri" "$target" || exit
}

# spread FOLDER DESTINATION: puts a whole archive in place, beside what is there.
spread() {
  mkdir -p "$2" && cp -R "$1/." "$2/" || exit
}

# renew FOLDER DESTINATION: puts a whole archive in place of what is there.
renew() {
  rm -rf "$2.sindri" && mkdir -p "$2.sindri" && cp -R "$1/." "$2.sindri/" || exit
  rm -rf "$2" && mv "$2.sindri" "$2" || exit
}
