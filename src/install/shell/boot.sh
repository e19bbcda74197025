# Starts the services of this machine: when the machine starts, or whoever comes first after that.
for one in "$(dirname "$0")"/services/*.sh; do
  if [ -f "$one" ]; then setsid sh "$one" start </dev/null >/dev/null 2>&1 & fi
done
wait
