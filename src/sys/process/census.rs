//! Finding processes by a variable in their environment.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::sys::files;

/// Ends every process of this user that was started with a variable of this value: asks, waits up
/// to `grace`, kills. Returns how many there were.
///
/// It blocks. It reads `/proc`, so where there is none it finds nobody; processes that dropped the
/// variable, and this process itself, are not found either.
pub fn end_those_with(variable: &str, value: &str, grace: Duration) -> usize {
    let entry = format!("{variable}={value}");
    let found = those_with(entry.as_bytes());
    let mut left = found.clone();
    for (signal, patience) in [
        (Signal::TERM, grace),
        (Signal::KILL, Duration::from_secs(1)),
    ] {
        if left.is_empty() {
            break;
        }
        for process in &left {
            let _ = kill_process(*process, signal);
        }
        let until = Instant::now() + patience;
        loop {
            left = those_with(entry.as_bytes());
            if left.is_empty() || Instant::now() >= until {
                break;
            }
            sleep(Duration::from_millis(10));
        }
    }
    found.len()
}

fn those_with(entry: &[u8]) -> Vec<Pid> {
    let own = getpid();
    files::list(Path::new("/proc"))
        .unwrap_or_default()
        .iter()
        .filter_map(|name| Pid::from_raw(name.to_str()?.parse().ok()?))
        .filter(|process| *process != own && carries(*process, entry))
        .collect()
}

/// Whether a process was started with this entry; a zombie's environment is empty.
fn carries(process: Pid, entry: &[u8]) -> bool {
    const MOST: u64 = 4 << 20;
    let path = format!("/proc/{}/environ", process.as_raw_nonzero());
    files::read_limited(Path::new(&path), MOST)
        .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|e| e == entry))
}
