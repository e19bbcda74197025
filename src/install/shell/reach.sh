# Asks for signs of life with what the machine has; any answer counts. Wants `scratch`, `proxy`,
# `direct` and `authorities` to be set.
if [ -n "$proxy" ]; then
  http_proxy=$proxy https_proxy=$proxy
  export http_proxy https_proxy
fi
if [ -n "$direct" ]; then
  no_proxy=$direct
  export no_proxy
fi
if [ -n "$authorities" ]; then
  store=
  for one in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
    /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
    if [ -z "$store" ] && [ -n "$one" ] && [ -s "$one" ]; then store=$one; fi
  done
  cat ${store:+"$store"} >"$scratch/bundle.pem"
  printf '%s\n' "$authorities" >>"$scratch/bundle.pem"
  CURL_CA_BUNDLE=$scratch/bundle.pem SSL_CERT_FILE=$scratch/bundle.pem
  export CURL_CA_BUNDLE SSL_CERT_FILE
fi

with=
for tool in curl wget bash; do
  if [ -z "$with" ] && command -v "$tool" >/dev/null 2>&1; then with=$tool; fi
done

# door URL: host and port, of the proxy where there is one.
door() {
  [ -z "$proxy" ] || set -- "$proxy"
  port=443
  case $1 in http://*) port=80 ;; esac
  rest=${1#*://}
  rest=${rest%%/*}
  case $rest in
    *:*) port=${rest##*:} && rest=${rest%:*} ;;
  esac
  echo "$rest $port"
}

# ask NUMBER URL
ask() {
  said=$scratch/$1.said
  case $with in
    curl) curl -sS -o /dev/null -I --connect-timeout 8 --max-time 10 -- "$2" 2>"$said" ;;
    wget)
      wget -S --spider -T 10 -t 1 -O /dev/null -- "$2" >"$said" 2>&1 ||
        grep -Eq 'HTTP/[0-9.]+ [0-9]|server returned error' "$said"
      ;;
    bash)
      # Whether the name is known and somebody is at the door.
      # shellcheck disable=SC2016,SC2046
      timeout 10 bash -c 'exec 3<>"/dev/tcp/$0/$1"' $(door "$2") 2>"$said.all" </dev/null
      code=$?
      sed -n '1s/^.*line 1: //p' "$said.all" >"$said"
      echo "$code" >"$scratch/$1.code"
      return
      ;;
    *) return ;;
  esac
  echo $? >"$scratch/$1.code"
}

# limit: how often GitHub may still be asked from here, with the machine's own token.
limit() {
  [ "$with" = curl ] || return 0
  known=unknown
  if [ -n "${GITHUB_TOKEN:-}" ]; then known=known; fi
  # On the command line the token would be seen by others.
  {
    echo 'url = "https://api.github.com/rate_limit"'
    if [ "$known" = known ]; then printf 'header = "Authorization: Bearer %s"\n' "$GITHUB_TOKEN"; fi
  } | curl -sS -K - -o "$scratch/limit" -w '%{http_code}' --connect-timeout 8 --max-time 10 \
    >"$scratch/limit.code" 2>/dev/null
}

# frame WORDS… FILE
frame() {
  words=
  while [ $# -gt 1 ]; do words="$words $1" && shift; done
  printf '@sindri%s %s\n' "$words" "$(wc -c <"$1" | tr -d ' ')"
  cat "$1"
  printf '\n'
}

tell() {
  : >"$scratch/none"
  if [ -z "$with" ]; then frame nothing "$scratch/none"; fi
  for code in "$scratch"/*.code; do
    [ -f "$code" ] || continue
    number=${code##*/}
    number=${number%.code}
    if [ "$number" = limit ]; then
      if [ -s "$scratch/limit" ]; then frame limit "$known" "$(cat "$code")" "$scratch/limit"; fi
    elif [ "$(cat "$code")" = 0 ]; then
      frame life "$number" "$scratch/none"
    else
      tail -c 2000 "$scratch/$number.said" >"$scratch/tail"
      frame silence "$number" "$scratch/tail"
    fi
  done
  rm -rf "$scratch"
}
