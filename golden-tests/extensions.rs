//! Installs hold on day two: every extension of the catalog is really installed, its machine is
//! restarted and replaced, and its tools, its secret and its files still work.
//!
//! These run the program itself, on this host and on a real Docker Engine, and install from real
//! registries of packages. `golden-tests/run` sets up what they need.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that can't be set up is a failed test, and this process's environment tells how"
)]

mod catalog;
mod desk;
mod docker;
mod life;
mod local;
mod trouble;
mod upgrades;

use libtest_mimic::{Failed, Trial};

/// All of them.
pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, fn()); 11] = [
        (
            "extensions::every_extension_is_tested",
            catalog::every_extension_is_tested,
        ),
        ("extensions::docker", docker::life),
        ("extensions::local", local::life),
        (
            "extensions::a_killed_install_goes_on",
            trouble::a_killed_install_goes_on,
        ),
        (
            "extensions::a_part_that_failed_is_tried_again",
            trouble::a_part_that_failed_is_tried_again,
        ),
        ("extensions::upgrades_local", upgrades::local),
        ("extensions::upgrades_docker", upgrades::docker),
        ("extensions::upgrades_packages", upgrades::packages),
        ("extensions::a_failing_script", trouble::a_failing_script),
        ("extensions::a_hanging_script", trouble::a_hanging_script),
        (
            "extensions::a_hundred_megabytes_of_output",
            trouble::a_hundred_megabytes_of_output,
        ),
    ];
    tests
        .into_iter()
        .map(|(name, test)| {
            Trial::test(name, move || {
                test();
                Ok::<(), Failed>(())
            })
        })
        .collect()
}
