work=$SINDRI_JOB/work
rm -rf "$work" && mkdir -p "$work" || exit

has() {
  [ -z "$SINDRI_RENEW" ] && installed "$1"
}

installed() {
  rpm -q --quiet -- "$1" >/dev/null 2>&1
}

# succeeded CODE: zypper also says by its exit code what a person should know: a restart is due, or
# a package's script complained.
succeeded() {
  case $tool:$1 in
    *:0 | zypper:102 | zypper:103 | zypper:107) return 0 ;;
  esac
  return "$1"
}

packages() {
  case $tool in
    dnf) $as_root dnf -y "$@" ;;
    zypper) $as_root env ZYPP_LOCK_TIMEOUT=300 zypper --non-interactive "$@" ;;
  esac
  succeeded "$?"
}

# repository NAME URL KEY FINGERPRINT
repository() {
  fetch "$3" "$work/fetched"
  if ! grep -q -e '-----BEGIN PGP PUBLIC KEY BLOCK-----' "$work/fetched"; then
    echo "checksum mismatch: rpm takes a signing key as ASCII text only"
    exit 1
  fi
  key "$work/fetched" "$4" "$work/keyring"
  if [ "$(grep -c '^6 ' "$work/packets")" != 1 ]; then
    echo "checksum mismatch: the file holds other keys beside $4, which rpm would trust too"
    exit 1
  fi
  case $tool in
    dnf) folder=/etc/yum.repos.d ;;
    zypper) folder=/etc/zypp/repos.d ;;
  esac
  keyring=/etc/pki/rpm-gpg/$1.asc
  printf '[%s]\nname=%s\nbaseurl=%s\nenabled=1\nautorefresh=1\ngpgcheck=1\ngpgkey=file://%s\n' \
    "$1" "$1" "$2" "$keyring" >"$work/repo"
  brings rpm-sources "$1"
  if $as_root cmp -s "$work/fetched" "$keyring" && $as_root cmp -s "$work/repo" "$folder/$1.repo"; then
    return
  fi
  $as_root mkdir -p /etc/pki/rpm-gpg "$folder" &&
    $as_root cp "$work/fetched" "$keyring" && $as_root chmod 644 "$keyring" &&
    $as_root rpm --import "$keyring" &&
    $as_root cp "$work/repo" "$folder/$1.repo" && $as_root chmod 644 "$folder/$1.repo" || exit
  fresh=1
}

refresh() {
  case $tool in
    dnf) packages makecache ;;
    zypper) packages refresh ;;
  esac || exit
}
