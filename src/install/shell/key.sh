# Signing keys: a key is told by its fingerprint, which is worked out here from the key's own bytes:
# a machine needn't have gpg. Wants `work` (a directory) to be set.

# packets FILE: the packets of a key file: kind, offset, length of the header, length of the body.
packets() {
  od -An -v -tu1 "$1" | awk '
    BEGIN { n = 0; at = 0 }
    { for (i = 1; i <= NF; i++) b[n++] = $i }
    END {
      while (at < n) {
        h = b[at]
        if (h < 128) exit 1
        if (h >= 192) {
          kind = h - 192; l = b[at + 1]
          if (l < 192) { len = l; head = 2 }
          else if (l < 224) { len = (l - 192) * 256 + b[at + 2] + 192; head = 3 }
          else if (l == 255) {
            len = ((b[at + 2] * 256 + b[at + 3]) * 256 + b[at + 4]) * 256 + b[at + 5]; head = 6
          } else exit 1
        } else {
          kind = int((h - 128) / 4); t = h % 4
          if (t == 0) { len = b[at + 1]; head = 2 }
          else if (t == 1) { len = b[at + 1] * 256 + b[at + 2]; head = 3 }
          else if (t == 2) {
            len = ((b[at + 1] * 256 + b[at + 2]) * 256 + b[at + 3]) * 256 + b[at + 4]; head = 5
          } else exit 1
        }
        if (at + head + len > n) exit 1
        print kind, at, head, len
        at += head + len
      }
      if (n == 0) exit 1
    }'
}

# part FILE OFFSET LENGTH: some bytes of a file.
part() {
  tail -c "+$(($2 + 1))" "$1" | head -c "$3"
}

# fingerprint FILE OFFSET LENGTH: that of the key whose body lies there.
fingerprint() {
  case $(part "$1" "$2" 1 | od -An -tu1 | tr -d ' ') in
    4)
      {
        # shellcheck disable=SC2059
        printf "$(printf '\\231\\%03o\\%03o' $(($3 / 256)) $(($3 % 256)))"
        part "$1" "$2" "$3"
      } | sha1sum
      ;;
    6)
      {
        # shellcheck disable=SC2059
        printf "$(printf '\\233\\%03o\\%03o\\%03o\\%03o' $(($3 / 16777216)) \
          $(($3 / 65536 % 256)) $(($3 / 256 % 256)) $(($3 % 256)))"
        part "$1" "$2" "$3"
      } | sha256sum
      ;;
  esac | tr abcdef ABCDEF | cut -d' ' -f1
}

# plain_key FILE INTO: takes the armour off, if there is one.
plain_key() {
  if ! grep -q -e '-----BEGIN PGP PUBLIC KEY BLOCK-----' "$1"; then
    cp "$1" "$2"
    return
  fi
  rm -f "$work"/block.*
  tr -d '\r' <"$1" | awk -v into="$work/block." '
    /^-----BEGIN PGP PUBLIC KEY BLOCK-----/ { k++; inside = 1; body = 0; next }
    /^-----END/ { inside = 0 }
    inside && /^[ \t]*$/ { body = 1; next }
    inside && /: / && !body { next }
    inside && /^=/ { next }
    inside { body = 1; print > (into sprintf("%04d", k)) }'
  : >"$2"
  for block in "$work"/block.*; do
    base64 -d <"$block" >>"$2" || return
  done
}

# key FILE FINGERPRINT INTO: keeps the one key of that fingerprint, with what belongs to it; what
# else a file may hold would be trusted too.
key() {
  if [ "$(wc -c <"$1")" -gt 1048576 ]; then
    echo "checksum mismatch: the signing key is larger than any key"
    exit 1
  fi
  if ! plain_key "$1" "$work/key" || ! packets "$work/key" >"$work/packets"; then
    echo "checksum mismatch: what was fetched is no signing key"
    exit 1
  fi
  : >"$3"
  keeps=
  seen=
  while read -r kind at head length; do
    if [ "$kind" = 6 ]; then
      keeps=
      print=$(fingerprint "$work/key" $((at + head)) "$length")
      seen="$seen $print"
      [ "$print" != "$2" ] || keeps=1
    fi
    # Of marker and trust packets nothing is needed.
    case $keeps:$kind in
      1:2 | 1:6 | 1:13 | 1:14 | 1:17) part "$work/key" "$at" $((head + length)) >>"$3" ;;
    esac
  done <"$work/packets"
  if [ ! -s "$3" ]; then
    echo "checksum mismatch: the signing key should be $2, but it is${seen:- none}"
    exit 1
  fi
}
