command -v mise >/dev/null 2>&1 || {
  echo "mise isn't on this machine's PATH: extension mise-config brings it"
  exit 127
}
# The machine's own npm installs what comes from its registry.
MISE_YES=1 MISE_TRUSTED_CONFIG_PATHS=$HOME/.config/mise MISE_USE_VERSIONS_HOST=0 MISE_NPM_PACKAGE_MANAGER=npm
export MISE_YES MISE_TRUSTED_CONFIG_PATHS MISE_USE_VERSIONS_HOST MISE_NPM_PACKAGE_MANAGER
folder=$HOME/.config/mise/conf.d
config=$folder/$SINDRI_EXTENSION.toml
mkdir -p "$folder" || exit

# into FILE: puts what comes in its place, whole or not at all.
into() {
  cat >"$1.sindri" && mv -f "$1.sindri" "$1" || exit
}

# others NAME@VERSION: whether another extension asks for the same.
others() {
  for other in "$folder"/*.toml; do
    [ "$other" != "$config" ] && [ -f "$other" ] || continue
    if tr -d "\"' " <"$other" | grep -qxF -- "${1%@*}=${1##*@}"; then return 0; fi
  done
  return 1
}

# wants NAME@VERSION: names a tool in this extension's configuration, in place of another version.
wants() {
  name=${1%@*}
  {
    echo '[tools]'
    if [ -f "$config" ]; then
      grep -vxF '[tools]' "$config" | grep -vF -- "\"$name\" = "
    fi
    printf '"%s" = "%s"\n' "$name" "${1##*@}"
  } | into "$config"
}

# unwants NAME@VERSION: strikes a tool from this extension's configuration.
unwants() {
  [ -f "$config" ] || return 0
  grep -vF -- "\"${1%@*}\" = " "$config" | into "$config"
}

# drop NAME@VERSION: uninstalls it, unless another extension asks for the same.
drop() {
  if others "$1"; then return; fi
  if mise where "$1" >/dev/null 2>&1; then mise uninstall "$1" || exit; fi
}

# drop_named NAME: uninstalls the version that this extension's configuration names.
drop_named() {
  [ -f "$config" ] || return 0
  tr -d "\"' " <"$config" >"$config.plain"
  while IFS='=' read -r name version; do
    if [ "$name" = "$1" ]; then drop "$1@$version"; fi
  done <"$config.plain"
  rm -f "$config.plain"
}
