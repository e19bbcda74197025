//! Lets Cargo notice files added to what the binary embeds.

fn main() {
    for embedded in ["extensions", "profiles"] {
        println!("cargo:rerun-if-changed={embedded}");
    }
}
