as_root=
if [ "$(id -u)" != 0 ]; then as_root='sudo -n'; fi

# on_this_host WHO PACKAGES…: says what is missing on a host that nobody may change.
on_this_host() {
  if [ "$SINDRI_PROVIDER" != local ] || [ "$SINDRI_HOST_PACKAGES" = 1 ]; then return; fi
  who=$1
  shift
  echo "packages missing on this host: $*"
  echo "providers.local.hostPackages: true lets $who install them"
  exit 126
}

# brings LIST WORDS…: remembers what this extension brought, for its removal.
brings() {
  mkdir -p "$SINDRI_BASE/$1" || exit
  file=$SINDRI_BASE/$1/$SINDRI_EXTENSION
  shift
  for one; do
    grep -qxF -- "$one" "$file" 2>/dev/null || echo "$one" >>"$file"
  done
}

# ours LIST WORD: whether this extension brought it, and no other did.
ours() {
  grep -qxF -- "$2" "$SINDRI_BASE/$1/$SINDRI_EXTENSION" 2>/dev/null || return 1
  others=$(grep -lxF -- "$2" "$SINDRI_BASE/$1"/* | grep -vxF "$SINDRI_BASE/$1/$SINDRI_EXTENSION")
  [ -z "$others" ]
}

# forget LIST WORDS…: strikes what is gone.
forget() {
  file=$SINDRI_BASE/$1/$SINDRI_EXTENSION
  shift
  for one; do
    if [ -f "$file" ]; then
      grep -vxF -- "$one" "$file" >"$file.new"
      mv "$file.new" "$file"
    fi
  done
}
