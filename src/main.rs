//! Arguments in, exit code out.

use std::process::ExitCode;

use sindri::cli::{Host, run};

/// A plan of ten thousand resources is a million small allocations: a third of its time otherwise.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let typed: Vec<std::ffi::OsString> = std::env::args_os().collect();
    ExitCode::from(run(&typed, Host::real()).code())
}
