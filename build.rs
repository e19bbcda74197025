//! Lets Cargo notice files added to what the binary embeds, and links the binary where it will lie.

#![expect(
    clippy::disallowed_methods,
    reason = "Cargo tells a build script about its target by environment variables alone"
)]

use std::env::var;

fn main() {
    for embedded in ["extensions", "profiles"] {
        println!("cargo:rerun-if-changed={embedded}");
    }
    // docs/design/0010-a-fixed-address.md
    println!("cargo:rerun-if-env-changed=SINDRI_PIE");
    let target = |part: &str| var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" && var("SINDRI_PIE").is_err() {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
