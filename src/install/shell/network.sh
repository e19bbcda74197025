# How the machine reaches the network: mirrors, proxies, trusted authorities; from the job's folder
# into the machine, for every step and session from here on.
net=$base/network

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# system_store: the file of authorities that the machine trusts anyway.
system_store() {
  for store in "${trusted:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
    /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
    if [ -n "$store" ] && [ -s "$store" ]; then
      echo "$store"
      return
    fi
  done
}

# trust: one file of all authorities, anew where the machine's own are newer.
trust() {
  [ -f "$net/authority-0.crt" ] || return 0
  store=$(system_store)
  if [ -s "$net/bundle.pem" ] && ! [ "${store:-/dev/null}" -nt "$net/bundle.pem" ]; then return; fi
  # shellcheck disable=SC2086
  cat ${store:+"$store"} "$net"/authority-*.crt >"$net/bundle.new.$$" &&
    mv "$net/bundle.new.$$" "$net/bundle.pem"
}

# trust_system: the machine's own list of authorities, where it is ours to change.
trust_system() {
  [ "$place" = machine ] || return 0
  for rule in '/usr/local/share/ca-certificates update-ca-certificates' \
    '/etc/pki/ca-trust/source/anchors update-ca-trust' \
    '/etc/pki/trust/anchors update-ca-certificates'; do
    anchors=${rule% *}
    [ -d "$anchors" ] || [ "$anchors" = /usr/local/share/ca-certificates ] || continue
    for old in "$anchors"/sindri-authority-*.crt; do
      if [ -f "$old" ]; then as_root rm -f "$old"; fi
    done
    for one in "$net"/authority-*.crt; do
      if [ -f "$one" ]; then
        as_root mkdir -p "$anchors" && as_root cp "$one" "$anchors/sindri-${one##*/}"
      fi
    done
    if command -v "${rule##* }" >/dev/null 2>&1; then as_root "${rule##* }"; fi
  done >/dev/null 2>&1
}

# variables: what tools and sessions are told, as lines of shell.
variables() {
  if [ -f "$net/authority-0.crt" ]; then
    for name in SSL_CERT_FILE CURL_CA_BUNDLE REQUESTS_CA_BUNDLE PIP_CERT CARGO_HTTP_CAINFO \
      GIT_SSL_CAINFO AWS_CA_BUNDLE; do
      echo "export $name='$net/bundle.pem'"
    done
    cat "$net"/authority-*.crt >"$net/own.pem"
    echo "export NODE_EXTRA_CA_CERTS='$net/own.pem' DENO_CERT='$net/own.pem'"
  fi
  if [ -n "$proxy" ]; then
    for name in http_proxy https_proxy HTTP_PROXY HTTPS_PROXY; do echo "export $name='$proxy'"; done
  fi
  if [ -n "$direct" ]; then echo "export no_proxy='$direct' NO_PROXY='$direct'"; fi
  if [ -n "$npm" ]; then echo "unset NPM_CONFIG_REGISTRY; export npm_config_registry='$npm/'"; fi
  if [ -n "$pypi" ]; then
    echo "export PIP_INDEX_URL='$pypi' UV_DEFAULT_INDEX='$pypi'"
    case $pypi in
      http://*) host=${pypi#http://} && echo "export PIP_TRUSTED_HOST='${host%%/*}'" ;;
    esac
  fi
  if [ -s "$net/hosts" ]; then
    echo "export MISE_URL_REPLACEMENTS='$(cat "$net/mise.json")'"
    count=0
    while read -r host mirror; do
      echo "export GIT_CONFIG_KEY_$count='url.$mirror/.insteadOf' GIT_CONFIG_VALUE_$count='https://$host/'"
      count=$((count + 1))
    done <"$net/hosts"
    echo "export GIT_CONFIG_COUNT=$count"
  fi
}

# cargo_source: cargo takes no variable for it; a configuration that isn't ours is left alone.
cargo_source() {
  file=$HOME/.cargo/config.toml
  ours='# The mirror that sindri.yaml names.'
  if [ -n "$crates" ]; then
    index=sparse+${crates#sparse+}/
    printf '%s\n[source.crates-io]\nreplace-with = "mirror"\n\n[source.mirror]\nregistry = "%s"\n' \
      "$ours" "$index" >"$net/cargo.toml"
  fi
  if [ -f "$file" ] && [ "$(head -n 1 "$file")" != "$ours" ]; then
    [ -z "$crates" ] || echo "$file is there already: it must name the mirror $crates itself"
  elif [ -n "$crates" ]; then
    mkdir -p "$HOME/.cargo"
    cp "$net/cargo.toml" "$file.new.$$" && mv "$file.new.$$" "$file"
  else
    rm -f "$file"
  fi
}

# apt_settings: apt's own, for it may run as root without our variables.
apt_settings() {
  conf=/etc/apt/apt.conf.d/90sindri-network
  [ "$place" = machine ] && [ -d /etc/apt/apt.conf.d ] || return 0
  {
    if [ -n "$proxy" ]; then
      printf 'Acquire::http::Proxy "%s";\nAcquire::https::Proxy "%s";\n' "$proxy" "$proxy"
      IFS=,
      for host in $direct; do
        case $host in
          .* | '*' | */*) ;;
          *) printf 'Acquire::http::Proxy::%s "DIRECT";\nAcquire::https::Proxy::%s "DIRECT";\n' "$host" "$host" ;;
        esac
      done
      unset IFS
    fi
    if [ -f "$net/bundle.pem" ]; then printf 'Acquire::https::CAInfo "%s";\n' "$net/bundle.pem"; fi
  } >"$net/apt.conf"
  if [ -s "$net/apt.conf" ]; then
    as_root cp "$net/apt.conf" "$conf" && as_root chmod 644 "$conf"
  else
    as_root rm -f "$conf"
  fi
}

# apt_sources FOLDER: apt's sources by way of the mirrors; each file's own text is kept beside it and
# comes back when no mirror stands for it any more.
apt_sources() {
  [ "$place" = machine ] && [ -d "$1" ] || return 0
  mkdir -p "$base/apt-originals"
  for file in "$1/sources.list" "$1"/sources.list.d/*.list "$1"/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    kept=$base/apt-originals/${file##*/}
    if ! { [ -f "$kept.ours" ] && cmp -s "$kept.ours" "$file"; }; then cp "$file" "$kept"; fi
    program=$net/sources.sed
    [ -s "$program" ] || program=/dev/null
    # In a file of several lines to a source, the key needn't stand on the line of the address.
    if grep -q '/etc/apt/keyrings/' "$kept"; then
      grep -v '^\\#' "$program" >"$kept.sed"
      program=$kept.sed
    fi
    sed -f "$program" "$kept" >"$kept.ours" || continue
    cmp -s "$kept.ours" "$file" || as_root cp "$kept.ours" "$file"
    rm -f "$kept.sed"
    if cmp -s "$kept.ours" "$kept"; then rm -f "$kept" "$kept.ours"; fi
  done
}

# stand_in NAME LINES…: a program of the same name before the machine's own, where it has one.
stand_in() {
  name=$1
  shift
  real=$(PATH=$plain_path command -v "$name") || { rm -f "$net/bin/$name" && return; }
  {
    printf '#!/bin/sh\n'
    printf '%s\n' "$@"
    printf "exec '%s' \"\$@\"\n" "$real"
  } >"$net/bin/$name.new.$$" && chmod 755 "$net/bin/$name.new.$$" &&
    mv "$net/bin/$name.new.$$" "$net/bin/$name"
}

# stand_ins: what fetches by address is sent to the mirrors, in scripts too.
# shellcheck disable=SC2016
stand_ins() {
  mkdir -p "$net/bin"
  if [ -s "$net/hosts" ]; then
    for name in curl wget; do
      stand_in "$name" ". '$net/rewrite'" \
        'for arg; do shift; rewrite "$arg"; set -- "$@" "$url"; done'
    done
  fi
  if [ "$place" = machine ] && [ -s "$net/sources.sed" ]; then
    stand_in apt-get ". '$net/functions'" 'apt_sources /etc/apt'
  fi
}

# reach: takes over what the job's folder says, or takes back what an earlier job took over.
reach() {
  [ -d network ] || [ -d "$net" ] || return 0
  until grab 8 network; do pause 0.05; done
  trusted=${SSL_CERT_FILE:-}
  if [ "$trusted" = "$net/bundle.pem" ]; then trusted=; fi
  proxy='' direct='' npm='' pypi='' crates='' debian=''
  # shellcheck disable=SC1091
  if [ -d network ]; then . ./network/settings; fi
  if [ -d network ] && cmp -s network/id "$net/id"; then
    trust
  else
    take_over
  fi
  release 8 network
}

# stand_in_front: steps find what stands in for curl and the like before the programs themselves.
stand_in_front() {
  plain_path=$PATH
  [ -d network ] || return 0
  PATH=$net/bin:$PATH
  export PATH
}

take_over() {
  rm -rf "$net.new" "$net"
  if [ -d network ]; then
    cp -R network "$net.new" && rm -f "$net.new/id" && mv "$net.new" "$net"
  else
    mkdir -p "$net"
  fi
  trust
  trust_system
  mkdir -p "$HOME/.config/sindri/profile.d"
  session=$HOME/.config/sindri/profile.d/00-network.sh
  variables >"$session.new" && mv "$session.new" "$session"
  cargo_source
  apt_settings
  { printf "base='%s'\nplace='%s'\n" "$base" "$place" && cat functions; } >"$net/functions"
  apt_sources /etc/apt
  rm -f "$base/apt-lists"
  if [ -d network ]; then cp network/id "$net/id"; else rm -rf "$net" "$session"; fi
}

# reached: before each try of a step, for the step before may have brought authorities or programs.
reached() {
  [ -d network ] || return 0
  trust
  stand_ins
}
