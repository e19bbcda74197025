//! Mirrors, proxies and authorities.

use super::{meaning, read_text, told};
use crate::config::show_yaml;

const CLOSED: &str = "version: \"3.0\"
name: dev
caCertificates: [company.pem]
mirrors:
  GitHub.com: https://mirror.example.org/github/
  npm: http://mirror.example.org:8080
network:
  proxy: http://proxy.example.org:3128
  noProxy: [localhost, .example.org, 10.0.0.0/8]
";

#[test]
fn a_closed_network_is_described_and_shown_again() {
    let config = meaning(CLOSED);
    let machine = &config.machines[0];
    assert_eq!(machine.ca_certificates[..], ["company.pem"]);
    let outbound = &machine.outbound;
    assert_eq!(
        outbound.mirrors["github.com"],
        "https://mirror.example.org/github"
    );
    assert_eq!(
        outbound.proxy.as_deref(),
        Some("http://proxy.example.org:3128")
    );
    assert_eq!(outbound.no_proxy.len(), 3);
    let again = meaning(&show_yaml(&config));
    assert_eq!(again.machines[0].outbound, machine.outbound);
}

#[test]
fn a_machine_of_a_fleet_may_differ() {
    let text = format!("{CLOSED}machines:\n  a: {{}}\n  b: {{ mirrors: {{ npm: }}, network: }}\n");
    let config = meaning(&text);
    assert_eq!(config.machines[0].outbound.mirrors.len(), 2);
    let other = &config.machines[1].outbound;
    assert!(
        other.proxy.is_none() && !other.mirrors.contains_key("npm"),
        "{other:?}"
    );
}

#[test]
fn what_cannot_be_an_address_is_refused() {
    for (line, said) in [
        ("mirrors: { github.com: ftp://x }", "isn't an HTTP address"),
        (
            "mirrors: { github.com: \"https://x/?q=1\" }",
            "can't be an address",
        ),
        (
            "mirrors: { github.com: \"https://x/$(id)\" }",
            "can't be an address",
        ),
        (
            "mirrors: { \"github.com/a\": https://x.org }",
            "is no host that a mirror",
        ),
        (
            "mirrors: { nmp: https://x.org }",
            "is no host that a mirror",
        ),
        (
            "network: { proxy: \"http://me:secret@p.org\" }",
            "carries credentials",
        ),
        ("network: { noProxy: [\"a b\"] }", "is no host"),
    ] {
        let (_, findings) = read_text(&format!("version: \"3.0\"\nname: dev\n{line}\n"));
        let told = told(&findings);
        assert!(told.contains(said), "{line}: {told}");
        assert!(!told.contains("secret@"), "{told}");
    }
}
