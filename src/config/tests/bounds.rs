//! Hostile files: refused quickly, and never with a panic.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{many, read_text, told};
use crate::config::{Overrides, SIZE_MAX, read_bytes};

/// How long a refusal may take; a build for debugging is some ten times slower.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });

/// Reads bytes that must be refused soon, and says how.
fn refusal(bytes: &[u8]) -> String {
    let start = Instant::now();
    let (config, findings) = read_bytes("sindri.yaml", bytes, Overrides::default());
    assert!(start.elapsed() < SOON, "took {:?}", start.elapsed());
    assert!(config.is_none());
    assert!(!findings.is_empty());
    told(&findings)
}

#[test]
fn a_hundred_megabytes_are_refused_unread() {
    assert!(refusal(&vec![b'a'; 100 << 20]).contains("config::too-large"));
}

#[test]
fn invalid_utf8_is_refused_with_its_line() {
    let text = refusal(b"version: \"3.0\"\nname: \xff\xfe\n");
    assert!(
        text.contains("config::not-utf8") && text.contains("line 2"),
        "{text}"
    );
}

#[test]
fn deep_nesting_is_refused() {
    for open in ["[", "{a: ", "- ", "? ", "[\n", "{a:\n"] {
        let text = refusal(open.repeat(10_000).as_bytes());
        let code = ["config::too-deep", "config::syntax", "config::too-large"];
        assert!(
            code.iter().any(|code| text.contains(code)),
            "{open}: {text}"
        );
    }
    let mut block = String::new();
    for depth in 0..500 {
        block.push_str(&" ".repeat(depth));
        block.push_str("a:\n");
    }
    assert!(refusal(block.as_bytes()).contains("config::too-deep"));
}

#[test]
fn a_billion_laughs_are_refused() {
    let mut text = String::from("a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (name, before) in ('b'..='z').zip('a'..='y') {
        let aliases = vec![format!("*{before}"); 9].join(", ");
        text.extend([format!("{name}: &{name} [{aliases}]\n")]);
    }
    assert!(refusal(text.as_bytes()).contains("more than 250,000 values"));
    let chain = many(200, |n| format!("k{}: &a{} [*a{n}]\n", n + 1, n + 1));
    assert!(refusal(format!("k0: &a0 []\n{chain}").as_bytes()).contains("config::too-deep"));
    assert!(refusal(b"a: &a [*a]\n").contains("config::syntax"));
}

#[test]
fn a_million_machines_are_refused() {
    let head = "version: \"3.0\"\nname: dev\nmachines:\n";
    let entries = many(2_000, |n| format!("  m{n}: {{ count: 10000 }}\n"));
    assert!(refusal(format!("{head}{entries}").as_bytes()).contains("more than 10000 machines"));
    assert!(
        refusal(format!("{head}  m: {{ count: 1000000 }}").as_bytes()).contains("out of range")
    );
}

#[test]
fn a_full_megabyte_of_mistakes_is_told_in_part() {
    let head = "version: \"3.0\"\nname: dev\n";
    let text = head.to_owned() + &many(80_000, |n| format!("key{n}: 1\n"));
    assert!(text.len() > SIZE_MAX * 9 / 10);
    let told = refusal(text.as_bytes());
    assert_eq!(told.lines().count(), 101);
    assert!(
        told.contains("there are more errors than these 100"),
        "{told}"
    );
}

#[test]
fn what_grows_faster_than_its_file_is_refused() {
    let head = "version: \"3.0\"\nname: dev\n";
    let labels = many(20_000, |n| format!("      k{n}: v\n"));
    let entries = many(8_000, |n| {
        format!("  m{n}: {{ providers: {{ e2b: {{ metadata: {{ x: y }} }} }} }}\n")
    });
    let text = format!("{head}providers:\n  e2b:\n    metadata:\n{labels}machines:\n{entries}");
    assert!(refusal(text.as_bytes()).contains("config::too-large"));
    let edges = many(5_000, |n| format!("  e{n}: {{ dependsOn: [m] }}\n"));
    let text = format!("{head}machines:\n  m: {{ count: 5000 }}\n{edges}");
    assert!(refusal(text.as_bytes()).contains("in more than 1000000 ways"));
    let list = many(100_000, |n| format!("  - e{n}\n"));
    let text = format!("{head}extensions:\n  active:\n{list}");
    assert!(refusal(text.as_bytes()).contains("config::too-large"));
}

#[test]
fn odd_but_honest_yaml_is_read() {
    let text =
        "\u{feff}version: 1.10\r\nname: &n dev\r\ndeployment:\r\n  provider: !!str docker\r\n";
    let (config, findings) = read_bytes("x", text.as_bytes(), Overrides::default());
    let config = config.unwrap_or_else(|| panic!("{}", told(&findings)));
    assert_eq!(config.version.to_string(), "1.10");
    let merged = "version: '3.0'\nname: dev\nmachines:\n  a: &a { resources: { cpus: 3 } }\n  \
                  b: { <<: *a, distro: debian }\n";
    let (none, findings) = read_text(&merged.replace("*a", "[*a, b]"));
    assert!(none.is_none());
    assert!(
        told(&findings).contains("`<<` merges mappings"),
        "{}",
        told(&findings)
    );
    let (config, findings) = read_text(merged);
    let config = config.unwrap_or_else(|| panic!("{}", told(&findings)));
    assert_eq!(config.machines[1].cpus, Some(3));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let start = Instant::now();
        let (config, findings) = read_bytes("sindri.yaml", &bytes, Overrides::default());
        prop_assert!(config.is_some() || !findings.is_empty());
        prop_assert!(start.elapsed() < SOON);
    }

    /// Closer to the target: shuffled pieces of what a real file is made of.
    #[test]
    fn no_mixture_of_pieces_makes_it_panic(pieces in prop::collection::vec(piece(), 0..60)) {
        let text = pieces.concat();
        let start = Instant::now();
        let (config, findings) = read_text(&text);
        prop_assert!(start.elapsed() < SOON);
        let errors = findings.iter().any(crate::diagnostic::Diagnostic::is_error);
        prop_assert_eq!(config.is_none(), errors, "either a meaning or an error, never both");
        for finding in &findings {
            prop_assert!(finding.place.is_some() || finding.code.as_str() == "config::too-large");
        }
    }
}

fn piece() -> impl Strategy<Value = String> {
    let words = [
        "version: \"3.0\"\n",
        "name: dev\n",
        "deployment:\n",
        "  provider: docker\n",
        "machines:\n",
        "  a:\n",
        "  b: { count: 3 }\n",
        "    dependsOn: [a]\n",
        "extensions:\n",
        "  profile: x\n",
        "  active: [a, b]\n",
        "secrets:\n",
        "  - name: A\n",
        "    source: file\n",
        "    path: x\n",
        "providers:\n",
        "  docker:\n",
        "    ports: [\"1:2\"]\n",
        "  volumes:\n",
        "    workspace:\n",
        "      size: 4\n",
        "&a ",
        "*a",
        "<<: *a\n",
        "{",
        "}",
        "[",
        "]",
        ": ",
        "- ",
        "null",
        "\n",
        "  ",
        "é",
        "\t",
        "? ",
        "| \n",
        "---\n",
        "!!str ",
        "\"",
        "'",
        "#",
    ];
    prop::sample::select(words.to_vec()).prop_map(str::to_owned)
}
