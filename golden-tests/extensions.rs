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
mod interrupted;
mod life;
mod local;
mod mirror;
mod network;
mod parts;
mod trouble;
mod upgrades;

use libtest_mimic::{Failed, Trial};

/// All of them.
pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, fn()); 26] = [
        (
            "extensions::every_extension_is_tested",
            catalog::every_extension_is_tested,
        ),
        ("extensions::docker", docker::life),
        ("extensions::docker_crates", docker::crates),
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
        (
            "extensions::parts_chosen_and_let_go",
            parts::chosen_and_let_go,
        ),
        (
            "extensions::parts_needed_by_others",
            parts::needed_by_others,
        ),
        ("extensions::a_failing_script", trouble::a_failing_script),
        ("extensions::a_hanging_script", trouble::a_hanging_script),
        (
            "extensions::a_hundred_megabytes_of_output",
            trouble::a_hundred_megabytes_of_output,
        ),
        (
            "extensions::a_machine_that_restarts",
            interrupted::a_machine_that_restarts,
        ),
        (
            "extensions::a_machine_that_dies",
            interrupted::a_machine_that_dies,
        ),
        (
            "extensions::a_person_who_stops::docker",
            interrupted::a_person_who_stops_docker,
        ),
        (
            "extensions::a_person_who_stops::local",
            interrupted::a_person_who_stops_local,
        ),
        (
            "extensions::a_log_that_is_followed::docker",
            interrupted::a_log_that_is_followed_docker,
        ),
        (
            "extensions::a_log_that_is_followed::local",
            interrupted::a_log_that_is_followed_local,
        ),
        ("extensions::a_full_disk", interrupted::a_full_disk),
        ("extensions::a_bad_network", network::a_bad_network),
        ("extensions::a_closed_network", network::a_closed_network),
        (
            "extensions::one_download_for_all",
            network::one_download_for_all,
        ),
        (
            "extensions::crates_by_a_mirror",
            network::crates_by_a_mirror,
        ),
        (
            "extensions::hosts_asked_from_the_machine",
            network::hosts_asked_from_the_machine,
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
