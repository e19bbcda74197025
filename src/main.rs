//! Arguments in, exit code out.

use std::process::ExitCode;

use sindri::cli::{Host, run};

fn main() -> ExitCode {
    let typed: Vec<std::ffi::OsString> = std::env::args_os().collect();
    ExitCode::from(run(&typed, Host::real()).code())
}
