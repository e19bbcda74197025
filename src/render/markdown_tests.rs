use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::address::{Name, NameRule};
use crate::catalog::Install;
use crate::cost::Estimate;
use crate::diagnostic::Code;
use crate::plan::{Action, DriftKind, Reason};
use crate::render::fixture::*;
use crate::render::plan::tests::mixed;
use crate::resource::ProviderKind;

fn meta() -> PlanMeta<'static> {
    PlanMeta {
        timestamp: "2026-01-02T03:04:05Z".parse().unwrap(),
        terraform_version: "1.11.0",
        sindri_version: "4.0.0",
        signer: None,
        edit: None,
    }
}

#[test]
fn a_pull_request_shows_the_danger_first() {
    let mut plan = mixed();
    plan.checks = vec![
        Diagnostic::warning(Code::new("plan::no-limit"), "no memory limit"),
        Diagnostic::error(
            Code::new("plan::no-gpu"),
            "no </details> gpu for @everyone | here",
        )
        .on(address("machine.dev"))
        .help("remove `gpu`"),
    ];
    assert_snapshot!(plan_markdown(&plan, &meta()), @r#"
    ### Plan for shop

    **3 to add, 1 to change, 3 to destroy**

    > [!CAUTION]
    > This plan destroys or replaces what stands:

    - `machine.dev` must be replaced: image can't be changed in place
    - `extension.dev.nodejs` must be replaced: because machine.dev is replaced
    - `extension.dev.tmux` will be destroyed: the configuration no longer asks for it

    **1 error, 1 warning: nothing can be applied**

    - ❌ error plan::no-gpu on `machine.dev`: no &#60;/details&#62; gpu for &#64;&#8203;everyone &#124; here; remove &#96;gpu&#96;
    - ⚠️ warning plan::no-limit: no memory limit

    <details><summary>Show 6 changes</summary>

    ```diff
      # image.dev will be pinned anew
      # (its image now stands for another digest)
    !   image "dev" {
    !       reference = "debian:12" -> "debian:13"
    !       digest    = "sha256:0011" -> (known after apply)
            # (2 unchanged fields hidden)
        }

      # volume.dev.cache will be created
    +   volume "dev" "cache" {
    +       id       = (known after apply)
    +       name     = "shop-dev-workspace"
    +       provider = "docker"
    +       size     = "10GB"
        }

      # machine.dev must be replaced
      # (image can't be changed in place)
    -/+ machine "dev" {
    !       id     = "3f9c1ab23f9c" -> (known after apply)
    !       image  = "debian:12" -> "debian:13" # forces replacement
    !       memory = "4GB" -> "8GB"
            # (9 unchanged fields hidden)
        }

      # secret.dev.TOKEN will be updated in-place
    !   secret "dev" "TOKEN" {
    !       fingerprint = (sensitive) -> (sensitive)
            # (2 unchanged fields hidden)
        }

      # extension.dev.nodejs must be replaced
      # (because machine.dev is replaced)
    -/+ extension "dev" "nodejs"

      # extension.dev.tmux will be destroyed
      # (the configuration no longer asks for it)
    -   extension "dev" "tmux" {
    -       content = "sha256:92521fc3cbd9"
    -       method  = "npm"
    -       version = "1.0.0"
        }
    ```

    </details>

    <sub>sindri 4.0.0, 2026-01-02T03:04:05Z, state 7 of lineage abababab</sub>
    "#);
}

#[test]
fn drift_in_markdown() {
    let mut plan = mixed();
    plan.drift = vec![
        drift(
            "machine.dev",
            DriftKind::Changed,
            vec![field("memory", "4GB", "2GB")],
        ),
        drift(
            "network.dev",
            DriftKind::Unreadable("connection refused".into()),
            vec![],
        ),
    ];
    assert_snapshot!(drift_markdown(&plan, &meta()), @r#"
    ### Drift of shop

    **1 changed outside, 5 not applied yet, 1 unreadable**

    - `machine.dev` has changed
    - ⚠️ `network.dev` couldn't be read (connection refused)

    Not drift, but configuration that isn't applied yet:

    - `image.dev` will be pinned anew
    - `volume.dev.cache` will be created
    - `machine.dev` must be replaced
    - `secret.dev.TOKEN` will be updated in-place
    - `extension.dev.tmux` will be destroyed

    <details><summary>Show the fields</summary>

    ```diff
      # machine.dev has changed
    !   machine "dev" {
    !       memory = "4GB" -> "2GB"
        }

      # network.dev couldn't be read (connection refused)
    ```

    </details>

    <sub>sindri 4.0.0, 2026-01-02T03:04:05Z, state 7 of lineage abababab</sub>
    "#);
}

#[test]
fn a_large_plan_is_cut_and_says_so() {
    let changes = (0..2_000)
        .map(|i| create(&format!("machine.dev-{i}"), machine("debian:12", 4)))
        .collect();
    let text = plan_markdown(&plan(changes), &meta());
    assert!(text.len() <= MARKDOWN_MAX);
    assert!(text.contains("**Cut:** "), "{text}");
    assert!(text.contains("2000 to add"));
}

#[test]
fn very_many_sets_of_extensions_fit_a_comment() {
    let kind = |i: usize| {
        let name = |text: &str| Name::parse(NameRule::Extension, text).unwrap();
        Outlook {
            machines: vec![name(&format!("dev-{i}"))],
            provider: ProviderKind::Docker,
            cost: Estimate::Nothing,
            installs: vec![Install {
                name: name("nodejs"),
                version: "1.0.0".to_owned(),
                tools: Vec::new(),
                requires: Vec::new(),
                disk: None,
                seconds: None,
            }],
            left_out: Vec::new(),
        }
    };
    let mut plan = mixed();
    plan.outlooks = (0..2_000).map(kind).collect();
    let text = plan_markdown(&plan, &meta());
    assert!(text.len() <= MARKDOWN_MAX, "{}", text.len());
    assert!(text.contains("<summary>Extensions of 2000 kinds of machines"));
    assert!(text.contains("<summary>Show 6 changes"));
    assert!(text.contains("of 2000 aren't shown in full"), "{text}");
}

#[test]
fn one_change_too_large_is_begun() {
    let mut large = both(
        change("machine.dev", Action::Update, Reason::Changed),
        machine("debian:12", 4),
        machine("debian:12", 4),
    );
    large.fields = vec![field(
        "docker.script",
        "a\n",
        "line\n".repeat(4_000).repeat(5),
    )];
    large.fields[0].before = None;
    let text = plan_markdown(&plan(vec![large]), &meta());
    assert!(text.len() <= MARKDOWN_MAX && text.len() > MARKDOWN_MAX / 2);
    assert!(text.contains("**Cut:** 1 of 1 aren't shown in full"));
}

/// What a reader of Markdown sees: text outside of fences, and whether every fence was closed.
fn outside_fences(text: &str) -> (String, bool) {
    let mut open: Option<String> = None;
    let mut outside = String::new();
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &open {
            Some(fence) if line.trim_end() == ticks && ticks.len() >= fence.len() => open = None,
            Some(_) => {}
            None if ticks.len() >= 3 => open = Some(ticks),
            None => {
                outside.push_str(line);
                outside.push('\n');
            }
        }
    }
    (outside, open.is_none())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_text_breaks_out_and_nothing_is_too_long(
        text in "(?s)(```|`|~~~|</details>|\n|\\||@|é|\u{1b}|x){0,400}",
        copies in 1_usize..120,
    ) {
        let mut evil = both(
            change("machine.dev", Action::Replace(crate::plan::Order::DestroyFirst), Reason::Forced { path: text.clone() }),
            machine(&text, 4),
            machine(&text, 4),
        );
        evil.fields = vec![field("image", text.clone(), format!("{text}!"))];
        let mut plan = plan(vec![evil; copies]);
        plan.drift = vec![drift("machine.dev", DriftKind::Unreadable(text.clone()), vec![]); copies];
        let check = Diagnostic::error(Code::new("x::y"), text.clone()).help(text.clone()).because(text);
        plan.checks = vec![check; copies];
        for markdown in [plan_markdown(&plan, &meta()), drift_markdown(&plan, &meta())] {
            prop_assert!(markdown.len() <= MARKDOWN_MAX);
            let has_escape = markdown.contains('\u{1b}');
            prop_assert!(!has_escape);
            let (outside, is_closed) = outside_fences(&markdown);
            prop_assert!(is_closed);
            prop_assert_eq!(outside.matches("<details>").count(), outside.matches("</details>").count());
            prop_assert!(outside.matches('<').count() <= 10, "{}", outside);
        }
    }
}
