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
        let mut told: Vec<Pid> = Vec::new();
        let until = Instant::now() + patience;
        while !left.is_empty() {
            // Those that were started since the last look are among them.
            for process in &left {
                if !told.contains(process) {
                    let _ = kill_process(*process, signal);
                    told.push(*process);
                }
            }
            if Instant::now() >= until {
                break;
            }
            sleep(Duration::from_millis(10));
            left = those_with(entry.as_bytes());
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
///
/// A process that is just becoming another program has no environment for that moment, or one that
/// ends in the middle, though it had one before and will have it again: it is looked at once more,
/// or it would escape.
fn carries(process: Pid, entry: &[u8]) -> bool {
    const MOST: u64 = 4 << 20;
    let directory = format!("/proc/{}", process.as_raw_nonzero());
    let directory = Path::new(&directory);
    let until = Instant::now() + Duration::from_secs(1);
    loop {
        let Ok(environment) = files::read_limited(&directory.join("environ"), MOST) else {
            return false;
        };
        if environment.split(|byte| *byte == 0).any(|e| e == entry) {
            return true;
        }
        if is_whole(directory, environment.len()) || Instant::now() >= until {
            return false;
        }
        sleep(Duration::from_micros(100));
    }
}

/// Whether an environment of this length is all that a process has.
///
/// Where it lies stands in the fields `env_start` and `env_end` of proc_pid_stat(5). While the
/// process is between two programs both are 0, and then both point to where the environment will
/// begin; `end_code` is the first field that Linux sets behind them. Kernel threads and zombies
/// have no program and nothing to wait for.
fn is_whole(directory: &Path, length: usize) -> bool {
    const MOST: u64 = 4 << 10;
    // Counted from the field behind the name in parentheses, which is the third.
    const END_CODE: usize = 27 - 3;
    const ENV_START: usize = 50 - 3;
    const ENV_END: usize = 51 - 3;
    if directory.join("exe").read_link().is_err() {
        return true;
    }
    let Ok(stat) = files::read_limited(&directory.join("stat"), MOST) else {
        return true;
    };
    let stat = String::from_utf8_lossy(&stat);
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .map_or("", |(_, fields)| fields)
        .split_ascii_whitespace()
        .collect();
    let field = |at: usize| fields.get(at)?.parse::<usize>().ok();
    let (Some(code), Some(begin), Some(end)) = (field(END_CODE), field(ENV_START), field(ENV_END))
    else {
        return true;
    };
    code != 0 && end.checked_sub(begin) == Some(length)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_that_becomes_another_program_again_and_again_is_found_each_time() {
        const VARIABLE: &str = "SINDRI_CENSUS_TEST";
        let value = format!("{}-restless", std::process::id());
        let entry = format!("{VARIABLE}={value}");
        let mut restless = Command::new("sh")
            .args(["-c", r#"exec sh -c "$0" "$0""#, r#"exec sh -c "$0" "$0""#])
            .env(VARIABLE, &value)
            .spawn()
            .unwrap();
        let process = Pid::from_child(&restless);
        let found = (0..10_000).filter(|_| carries(process, entry.as_bytes()));
        assert_eq!(found.count(), 10_000);
        assert_eq!(end_those_with(VARIABLE, &value, Duration::from_secs(5)), 1);
        assert!(!restless.wait().unwrap().success());
    }

    #[test]
    fn one_without_an_environment_is_not_waited_for() {
        let mut bare = Command::new("sleep").arg("60").env_clear().spawn().unwrap();
        let directory = format!("/proc/{}", bare.id());
        let directory = Path::new(&directory);
        let until = Instant::now() + Duration::from_secs(10);
        while !is_whole(directory, 0) && Instant::now() < until {
            sleep(Duration::from_millis(1));
        }
        assert_eq!(std::fs::read(directory.join("environ")).unwrap(), b"");
        assert!(is_whole(directory, 0) && !is_whole(directory, 1));
        bare.kill().unwrap();
        assert!(is_whole(directory, 0), "a zombie isn't waited for");
        bare.wait().unwrap();
    }
}
