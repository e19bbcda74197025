//! Arguments in, exit code out.

use std::process::ExitCode;

use sindri::cli::{Host, run};

/// Plans are made of very many small allocations: `docs/performance.md` says what this one gains and costs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let typed: Vec<std::ffi::OsString> = std::env::args_os().collect();
    ExitCode::from(run(&typed, Host::real()).code())
}
