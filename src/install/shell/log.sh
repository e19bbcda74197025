# Finds what an extension's last installation printed: of a job that is there, or as it was kept.
# Wants `extension` to be set; sets `job`, empty where there is none with any output.
hex='[0-9a-f]'
twelve=$hex$hex$hex$hex$hex$hex$hex$hex$hex$hex$hex$hex
job=
# The newest; one that runs goes before any other.
# shellcheck disable=SC2045,SC2086
for one in $(ls -td "$base/jobs/$extension-"$twelve "$base/jobs/$extension-remove" 2>/dev/null); do
  [ -d "$one/out" ] || continue
  if alive "$one/pid"; then
    job=$one
    break
  fi
  [ -n "$job" ] || job=$one
done
