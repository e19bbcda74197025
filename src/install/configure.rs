//! What is written once an extension is installed: environment and templates, as a shell script.

use super::quote::{add, expandable, path, quote};
use crate::catalog::{Manifest, Template, TemplateMode};

const FUNCTIONS: &str = "\
# swap FILE: puts $SINDRI_JOB/fresh in its place, whole or not at all.
swap() {
  mkdir -p \"$(dirname \"$1\")\" && cp \"$SINDRI_JOB/fresh\" \"$1.sindri\" || exit
  if [ -e \"$1\" ]; then chmod \"$(stat -c %a \"$1\")\" \"$1.sindri\"; fi
  mv -f \"$1.sindri\" \"$1\" || exit
}
# without FILE MARK: the file but for our block.
without() {
  [ ! -f \"$1\" ] || sed \"/^# >>> $2\\$/,/^# <<< $2\\$/d\" \"$1\"
}
";

/// The script that writes it all; `None` where there is nothing to write.
pub(super) fn script(manifest: &Manifest) -> Option<String> {
    let configure = &manifest.configure;
    if configure.environment.is_empty() && configure.templates.is_empty() {
        return None;
    }
    let mut text = String::from(FUNCTIONS);
    if !configure.environment.is_empty() {
        text.push_str("{\n");
        for variable in &configure.environment {
            let line = format!("export {}={}", variable.key, expandable(&variable.value));
            add(&mut text, &format!("  printf '%s\\n' {}\n", quote(&line)));
        }
        add(
            &mut text,
            &format!(
                "}} >\"$SINDRI_JOB/fresh\"\nswap {}\n",
                profile(manifest.name.as_str())
            ),
        );
    }
    for template in &configure.templates {
        text.push_str(&one(manifest.name.as_str(), template));
    }
    Some(text)
}

/// The file that holds an extension's environment, as a shell word.
pub(super) fn profile(extension: &str) -> String {
    format!("\"$HOME\"/.config/sindri/profile.d/{extension}.sh")
}

fn one(extension: &str, template: &Template) -> String {
    let from = format!("\"$SINDRI_JOB\"/files/{}", quote(&template.source));
    let to = path(&template.destination);
    let copy = format!("cp {from} \"$SINDRI_JOB/fresh\" && swap {to}");
    match template.mode {
        TemplateMode::Overwrite => format!("{copy} || exit\n"),
        TemplateMode::SkipIfExists => format!("[ -e {to} ] || {{ {copy}; }} || exit\n"),
        TemplateMode::Append => {
            let block = mark(extension, &template.source);
            format!(
                "{{ without {to} {block} && echo '# >>> {block}' && cat {from} && echo && echo '# <<< {block}'; }} \
                 >\"$SINDRI_JOB/fresh\" && swap {to} || exit\n"
            )
        }
        TemplateMode::Merge if is_json(&template.destination) => format!(
            "if [ -s {to} ]; then
  {MERGE} {to} {from} >\"$SINDRI_JOB/fresh\" && swap {to} || exit
else
  {copy} || exit
fi
"
        ),
        // Of text of unknown shape the lines are what can be merged.
        TemplateMode::Merge => format!(
            "if [ -s {to} ]; then
  {{ cat {to} && grep -vxF -f {to} {from}; [ $? -le 1 ]; }} >\"$SINDRI_JOB/fresh\" && swap {to} || exit
else
  {copy} || exit
fi
"
        ),
    }
}

/// Merges two JSON files, the second one's values winning, with what the machine has.
const MERGE: &str = r#"merge() {
    if command -v python3 >/dev/null; then
      python3 -c '
import json, sys
def merge(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return {**a, **{k: merge(a[k], v) if k in a else v for k, v in b.items()}}
    return b
print(json.dumps(merge(*(json.load(open(f)) for f in sys.argv[1:])), indent=2))' "$@"
    elif command -v node >/dev/null; then
      node -e '
const read = f => JSON.parse(require("fs").readFileSync(f, "utf8"));
const map = v => v && typeof v === "object" && !Array.isArray(v);
const merge = (a, b) => map(a) && map(b)
  ? {...a, ...Object.fromEntries(Object.entries(b).map(([k, v]) => [k, k in a ? merge(a[k], v) : v]))} : b;
console.log(JSON.stringify(merge(...process.argv.slice(1).map(read)), null, 2))' "$@"
    else
      echo "merging JSON needs python3 or node on this machine" && return 127
    fi
  }
  merge"#;

fn is_json(destination: &str) -> bool {
    std::path::Path::new(destination)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// What frames an appended block: nothing in it means anything to `sed`.
fn mark(extension: &str, source: &str) -> String {
    let source: String = source
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("sindri-{extension}-{source}")
}
