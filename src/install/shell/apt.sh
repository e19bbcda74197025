lists=$SINDRI_BASE/apt-lists
work=$SINDRI_JOB/work
rm -rf "$work" && mkdir -p "$work" || exit
strict=

# has PACKAGE: whether it is there as wanted; of one that is to be renewed nothing counts.
has() {
  [ -z "$SINDRI_RENEW" ] && installed "$1"
}

# ours_now PACKAGE: remembers that it is this extension's, unless it was there and is only renewed.
ours_now() {
  if [ -n "$SINDRI_RENEW" ] && installed "${1%%=*}"; then return; fi
  brings apt "${1%%=*}"
}

installed() {
  have=$(dpkg-query -W -f '${Status} ${Version}' "${1%%=*}" 2>/dev/null)
  case $have in
    'install ok installed '*) ;;
    *) return 1 ;;
  esac
  case $1 in
    *=*) [ "${have##* }" = "${1#*=}" ] ;;
  esac
}

apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@"
}

# mend: finishes what a machine that died in the middle left half done.
mend() {
  if [ -n "$(ls /var/lib/dpkg/updates 2>/dev/null)" ]; then
    $as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a --force-confold || exit
  fi
}

# update: fetches the lists, once in a while and machine.
update() {
  if [ -n "$(find "$lists" -mmin -60 2>/dev/null)" ]; then return; fi
  # shellcheck disable=SC2086
  apt update $strict || exit
  touch "$lists"
}

# this_machine: what a line of sources may ask for.
this_machine() {
  # shellcheck disable=SC1091
  codename=$(. /etc/os-release && echo "${UBUNTU_CODENAME:-${VERSION_CODENAME:-}}")
  # shellcheck disable=SC1091
  distro=$(. /etc/os-release && if [ -n "${UBUNTU_CODENAME:-}" ]; then echo ubuntu; else echo "$ID"; fi)
  arch=$(dpkg --print-architecture) || exit
  if [ -z "$codename" ]; then
    echo "/etc/os-release of this machine names no VERSION_CODENAME"
    exit 126
  fi
}

# repository NAME URL FINGERPRINT: adds one, whose line lies in `line` and whose key goes to
# `keyring`.
repository() {
  if [ ! -e /etc/ssl/certs/ca-certificates.crt ] ||
    ! { command -v curl || command -v wget; } >/dev/null 2>&1; then
    update
    apt install -y --no-install-recommends -- ca-certificates curl || exit
  fi
  fetch "$2" "$work/fetched"
  key "$work/fetched" "$3" "$work/keyring"
  list=/etc/apt/sources.list.d/$1.list
  brings apt-sources "$1"
  if $as_root cmp -s "$work/keyring" "$keyring" && $as_root cmp -s "$work/line" "$list"; then
    return
  fi
  $as_root mkdir -p /etc/apt/keyrings /etc/apt/sources.list.d &&
    $as_root cp "$work/keyring" "$keyring" && $as_root chmod 644 "$keyring" &&
    $as_root cp "$work/line" "$list" && $as_root chmod 644 "$list" || exit
  rm -f "$lists"
  strict='-o APT::Update::Error-Mode=any'
}
