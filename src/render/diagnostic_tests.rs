use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::diagnostic::{Code, Source};
use crate::render::fixture::address;

fn some() -> Vec<Diagnostic> {
    let yaml = Source::new(
        "sindri.yaml",
        "name: dev\nproviders:\n  fly:\n\tregoin: \"sjc\" # é\n",
    );
    let typo = yaml.place(yaml.text.find("regoin").unwrap(), 6);
    vec![
        Diagnostic::error(
            Code::new("config::unknown-field"),
            "`regoin` is not a field of `fly`",
        )
        .at(typo)
        .help("did you mean `region`?"),
        Diagnostic::warning(Code::new("plan::no-limit"), "memory isn't enforced here")
            .on(address("machine.dev")),
        Diagnostic::error(
            Code::new("docker::unreachable"),
            "the Docker Engine doesn't answer",
        )
        .because("cannot connect to /var/run/docker.sock")
        .because("permission denied")
        .help("add yourself to the `docker` group,\nor set DOCKER_HOST")
        .allowable(),
    ]
}

#[test]
fn several_at_once() {
    assert_snapshot!(diagnostics_human(&some(), &Style::PLAIN), @r#"
    plan::no-limit (machine.dev)

      warning: memory isn't enforced here

    config::unknown-field

      error: `regoin` is not a field of `fly`
       ,-[sindri.yaml:4:2]
     4 |   regoin: "sjc" # é
       :   ^^^^^^
       `----
      help: did you mean `region`?

    docker::unreachable

      error: the Docker Engine doesn't answer
      |-> cannot connect to /var/run/docker.sock
      `-> permission denied
      help: add yourself to the `docker` group,
            or set DOCKER_HOST
            `--allow docker::unreachable` goes on regardless

    2 errors, 1 warning
    "#);
}

#[test]
fn long_texts_are_folded() {
    let word = "the quick brown fox jumps over the lazy dog and ".repeat(4);
    let long = Diagnostic::error(Code::new("x::y"), word.clone())
        .because(word.clone())
        .help(word);
    let text = diagnostics_human(&[long], &Style::PLAIN);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert_snapshot!(text, @r#"
    x::y

      error: the quick brown fox jumps over the lazy dog and the quick brown fox
      | jumps over the lazy dog and the quick brown fox jumps over the lazy
      | dog and the quick brown fox jumps over the lazy dog and
      `-> the quick brown fox jumps over the lazy dog and the quick brown fox
          jumps over the lazy dog and the quick brown fox jumps over the lazy
          dog and the quick brown fox jumps over the lazy dog and
      help: the quick brown fox jumps over the lazy dog and the quick brown fox
            jumps over the lazy dog and the quick brown fox jumps over the lazy
            dog and the quick brown fox jumps over the lazy dog and
    "#);
}

#[test]
fn one_on_a_line() {
    let lines: Vec<String> = some().iter().map(diagnostic_line).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    error[config::unknown-field] sindri.yaml:4:2: `regoin` is not a field of `fly`
    warning[plan::no-limit] machine.dev: memory isn't enforced here
    error[docker::unreachable] the Docker Engine doesn't answer: cannot connect to /var/run/docker.sock: permission denied
    "#);
    assert_eq!(tally(&some()), "2 errors, 1 warning");
    assert_eq!(diagnostics_human(&[], &Style::PLAIN), "");
}

proptest! {
    #[test]
    fn no_text_moves_the_terminal(
        line in any::<String>(),
        offset in 0_usize..80,
        length in 0_usize..80,
        unicode in any::<bool>(),
        width in 0_usize..200,
    ) {
        let place = Source::new(&line, &line).place(offset, length);
        let diagnostic = Diagnostic::error(Code::new("x::y"), line.clone())
            .at(place)
            .because(line.clone())
            .help(line);
        let style = Style { color: false, width, unicode };
        let text = diagnostics_human(&[diagnostic], &style);
        prop_assert!(text.chars().all(|c| c == '\n' || !crate::render::text::is_unsafe(c)));
    }
}
