//! Services: started after the installation and whenever the machine starts.
//!
//! A machine has no init system of its own: each service is a script that starts and stops it, and
//! whatever begins a machine's life (its container's first process, a session, an apply) runs the
//! one script that starts them all.

use super::bundle::Place;
use super::quote::{add, path, quote, words};
use crate::catalog::{Manifest, Service};

const SERVICE: &str = include_str!("shell/service.sh");
/// Starts all services of a machine.
pub(super) const BOOT: &str = include_str!("shell/boot.sh");

/// How the service's own script is called in the job's folder, and the one that starts all.
pub(super) const SCRIPT: &str = "service.sh";
pub(super) const STARTER: &str = "boot.sh";

/// The service that is to run, where there is one.
pub(super) fn wanted(manifest: &Manifest) -> Option<&Service> {
    manifest.service.as_ref().filter(|service| service.enabled)
}

/// The script that starts and stops one service.
pub(super) fn script(manifest: &Manifest, service: &Service, place: Place) -> String {
    let mut text = place.header();
    let pid_file = service.pid_file.as_deref().map_or_else(String::new, path);
    let log = service
        .log_file
        .as_deref()
        .map_or_else(|| format!("$base/services/{}.log", manifest.name), path);
    add(
        &mut text,
        &format!(
            "name={}\npid_file={pid_file}\nlog={log}\nrequires={}\nstop_seconds={}\nready_seconds={}\n",
            manifest.name,
            quote(&service.requires_env.join(" ")),
            service.stop_timeout.as_secs(),
            service.ready_timeout.as_secs(),
        ),
    );
    let (command, args) = service
        .start
        .split_first()
        .map_or(("", &[][..]), |(command, args)| (command.as_str(), args));
    add(
        &mut text,
        &format!(
            "run() {{ exec setsid sh -c {} sindri {}; }}\n",
            quote(&format!("{command} \"$@\"")),
            words(args)
        ),
    );
    let line = |line: &Option<String>, none: &str| {
        line.as_deref()
            .map_or_else(|| none.to_owned(), |line| format!("sh -c {}", quote(line)))
    };
    add(
        &mut text,
        &format!("halt() {{ {}; }}\n", line(&service.stop, ":")),
    );
    let alive = "pause 0.5; alive \"$mine\" || [ -n \"$left\" ]";
    add(
        &mut text,
        &format!("ask() {{ {}; }}\n", line(&service.ready, alive)),
    );
    text.push_str(SERVICE);
    text
}

/// The step that puts the script in place and has the service run; one that runs already and is
/// to be renewed is stopped first.
pub(super) fn step(manifest: &Manifest, renew: bool) -> String {
    format!(
        "folder=$SINDRI_BASE/services
own=$folder/{name}.sh
mkdir -p \"$folder\" || exit
renew={renew}
if [ -f \"$own\" ]; then
  cmp -s \"$SINDRI_JOB/{SCRIPT}\" \"$own\" || renew=1
  if [ -n \"$renew\" ]; then sh \"$own\" stop; fi
fi
cp \"$SINDRI_JOB/{SCRIPT}\" \"$own.new\" && mv -f \"$own.new\" \"$own\" &&
  cp \"$SINDRI_JOB/{STARTER}\" \"$SINDRI_BASE/start.new\" &&
  mv -f \"$SINDRI_BASE/start.new\" \"$SINDRI_BASE/start\" || exit
exec sh \"$own\" start
",
        name = manifest.name,
        renew = if renew { "1" } else { "" },
    )
}

/// The lines that stop a service and take its script away; an older version may have had one.
pub(super) fn removal(manifest: &Manifest) -> String {
    let name = &manifest.name;
    format!(
        "own=$SINDRI_BASE/services/{name}.sh
if [ -f \"$own\" ]; then
  sh \"$own\" stop
  rm -f \"$own\" \"$SINDRI_BASE/services/{name}\".log \"$SINDRI_BASE/services/{name}\".pid
fi
exit 0
"
    )
}

/// How long a start may take, in seconds.
pub(super) fn seconds(service: &Service) -> u64 {
    (service.ready_timeout + service.stop_timeout * 3).as_secs() + 60
}
