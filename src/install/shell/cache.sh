# Downloads are kept by checksum on the machine's volume, so that a repeated or replaced installation
# fetches nothing twice.

# stored SHA256: takes the download from there, if it is whole.
stored() {
  [ -f "$SINDRI_DOWNLOADS/$1" ] && cp "$SINDRI_DOWNLOADS/$1" "$work/file" || return 1
  sum=$(sha256sum <"$work/file")
  if [ "${sum%% *}" = "$1" ]; then
    touch "$SINDRI_DOWNLOADS/$1"
    return 0
  fi
  rm -f "$SINDRI_DOWNLOADS/$1" "$work/file"
  return 1
}

# store SHA256: keeps a verified download; of more than a gibibyte, what was used longest ago goes.
# That it can't be kept is no failure.
store() {
  fresh=$SINDRI_DOWNLOADS/.new.$$
  { mkdir -p "$SINDRI_DOWNLOADS" && cp "$work/file" "$fresh" && mv "$fresh" "$SINDRI_DOWNLOADS/$1"; } 2>/dev/null ||
    { rm -f "$fresh" && return 0; }
  total=0
  # shellcheck disable=SC2012
  ls -t "$SINDRI_DOWNLOADS" | while read -r one; do
    total=$((total + $(wc -c <"$SINDRI_DOWNLOADS/$one")))
    [ "$total" -le 1073741824 ] || rm -f "$SINDRI_DOWNLOADS/$one"
  done
}
