//! What a machine on Fly.io runs, whoever makes it.

use super::FlySettings;

/// Keeps a machine up whatever its image was made for, starts the services that extensions have left
/// to be started with it, and lets ssh in where the image has an sshd:
/// by key alone, the keys a secret `AUTHORIZED_KEYS`. An image of `sindri image build` does all that
/// by itself. The host's own key lies on the volume, if there is one, and so outlives the machine;
/// the third word of its public half tells who is let in.
const KEEPER: &str = r#"for b in /var/lib/sindri/start "${HOME:-/root}/.local/state/sindri/start"; do
if [ -f "$b" ]; then sh "$b" </dev/null >/dev/null 2>&1 & break; fi
done
k=${1:-/etc}/.sindri-ssh; e=/usr/local/lib/sindri/entrypoint
[ -x "$e" ] && exec "$e" "$1" "$k"
s=$(command -v sshd || echo /usr/sbin/sshd)
if [ -x "$s" ] && command -v ssh-keygen >/dev/null; then
mkdir -p "$k" /run/sshd && chmod 700 "$k"
[ -f "$k/host" ] || ssh-keygen -q -t ed25519 -N '' -C root -f "$k/host"
if read -r t b u <"$k/host.pub"; then echo "$t $b root" >"$k/host.pub"; fi
(while :; do "$s" -D -e -f /dev/null -p 10022 -h "$k/host" -o AuthorizedKeysFile=/run/secrets/AUTHORIZED_KEYS -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no -o PermitRootLogin=prohibit-password -o PidFile=none; sleep 5; done) &
fi
trap 'exit 0' TERM INT
while :; do sleep 3600 & wait $!; done"#;

impl FlySettings {
    /// The port that sshd listens on inside.
    pub const SSH: u16 = 10022;
    /// The secret that holds the keys which sshd lets in.
    pub const AUTHORIZED_KEYS: &'static str = "AUTHORIZED_KEYS";

    /// The command that a machine starts with, in place of its image's own; its volume's path is
    /// where the host key of ssh is kept.
    pub fn start(volume: Option<&str>) -> [&str; 5] {
        [
            "/bin/sh",
            "-c",
            KEEPER,
            "sindri",
            volume.unwrap_or_default(),
        ]
    }
}
