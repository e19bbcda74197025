//! Golden tests: what people see, command by command, and the rules of the house.
//!
//! A case is a folder under `golden-tests/cases/`; [`case`] says what it may hold. Run them with
//! `cargo nextest run`; `SINDRI_BLESS=1` writes what is seen over what is expected.

#![expect(
    clippy::expect_used,
    reason = "a test that can't be set up is a failed test"
)]

mod architecture;
mod artifacts;
mod case;
mod compare;
mod documentation;
mod e2b;
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "a test's server: only the tests of our own provider use all of it"
)]
#[path = "../src/provider/e2b/tests/emulator/mod.rs"]
mod e2b_emulator;
mod examples;
mod extensions;
mod fly;
#[expect(
    dead_code,
    reason = "a test's server: some of it only the provider's own tests use"
)]
#[path = "../src/provider/fly/emulator/mod.rs"]
mod fly_emulator;
mod fuzz;
mod ground;
mod habits;
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "a test's server: only the tests of our own store let it fall silent"
)]
#[path = "../src/store/http/tests/server.rs"]
mod http_server;
mod recorded;
mod redact;
mod script;
mod terraform;
mod transcripts;
mod tree;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

/// What is held against the whole tree; every line is one offence.
type Rule = fn() -> Vec<String>;

fn main() -> ExitCode {
    if let Some(done) = fly::serve().or_else(e2b::serve) {
        return done;
    }
    let arguments = Arguments::from_args();
    let mut trials = case::trials();
    trials.extend(artifacts::trials());
    trials.extend(extensions::trials());
    trials.extend(fly::trials());
    trials.extend(fuzz::trials());
    trials.extend(terraform::trials());
    trials.extend(e2b::trials());
    let rules: [(&str, Rule); 12] = [
        ("architecture::imports", architecture::imports),
        ("architecture::crates", architecture::crates),
        ("habits::file_length", habits::file_length),
        ("habits::module_docs", habits::module_docs),
        ("habits::names", habits::names),
        ("habits::unfinished", habits::unfinished),
        ("habits::ignored_tests", habits::ignored_tests),
        ("habits::places", habits::places),
        ("documentation::variables", documentation::variables),
        ("documentation::codes", documentation::codes),
        ("documentation::transcripts", transcripts::transcripts),
        ("examples", examples::examples),
    ];
    trials.extend(rules.into_iter().map(|(name, rule)| {
        Trial::test(name, move || {
            let broken = rule();
            if broken.is_empty() {
                Ok(())
            } else {
                Err(Failed::from(broken.join("\n")))
            }
        })
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}
