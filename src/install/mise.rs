//! Tools through mise, each in the machine's own folder, named in a configuration of the extension's.

use super::quote::{add, quote, words};
use super::step::Unbuilt;
use crate::catalog::Manifest;

const FUNCTIONS: &str = include_str!("shell/mise.sh");

/// The script that installs the tools; without any, all that the configuration file names.
pub(super) fn script(
    manifest: &Manifest,
    tools: &[String],
    config_file: Option<&str>,
    reshim: bool,
) -> Result<String, Unbuilt> {
    let mut text = String::from(FUNCTIONS);
    if let Some(path) = config_file {
        if !manifest.files.contains_key(path) {
            return Err(Unbuilt::Script(path.to_owned()));
        }
        add(
            &mut text,
            &format!("into \"$config\" <\"$SINDRI_JOB\"/files/{}\n", quote(path)),
        );
    }
    if tools.is_empty() {
        // The file is the only one that counts: what other extensions ask for isn't this one's.
        text.push_str("cd \"$folder\" && MISE_GLOBAL_CONFIG_FILE=$config mise install ${SINDRI_RENEW:+--force} || exit\n");
    } else {
        add(
            &mut text,
            &format!(
                "set --
for tool in {}; do
  if [ -n \"$SINDRI_RENEW\" ] || ! mise where \"$tool\" >/dev/null 2>&1; then
    set -- \"$@\" \"$tool\"
  elif others \"$tool\"; then
    # It goes with the last extension that asks for it.
    shared=1
  fi
done
if [ $# = 0 ]; then
  [ -n \"${{shared:-}}\" ] || : >\"$SINDRI_JOB/found\"
else
  mise install ${{SINDRI_RENEW:+--force}} \"$@\" || exit
fi
",
                words(tools)
            ),
        );
        if config_file.is_none() {
            for tool in tools.iter().filter(|tool| pinned(tool)) {
                add(&mut text, &format!("wants {}\n", quote(tool)));
            }
        }
    }
    if reshim {
        text.push_str("mise reshim || exit\n");
    }
    text.push_str("exit 0\n");
    Ok(text)
}

/// Whether a tool names its version: `npm:@scope/tool` doesn't.
fn pinned(tool: &str) -> bool {
    tool.rfind('@')
        .is_some_and(|at| at > 0 && !tool[..at].ends_with([':', '/']))
}

/// The lines by which single tools go, out of the configuration of this extension too.
pub(super) fn drops(tools: &[String]) -> String {
    let mut text = removal(tools, false);
    add(
        &mut text,
        &format!(
            "{FUNCTIONS}for tool in {}; do unwants \"$tool\"; done\nmise reshim\n",
            words(tools)
        ),
    );
    text
}

/// The lines that remove tools, unless another extension asks for the same.
pub(super) fn removal(tools: &[String], remove_config: bool) -> String {
    let mut text = format!("if command -v mise >/dev/null 2>&1; then\n{FUNCTIONS}");
    for tool in tools {
        let function = if pinned(tool) { "drop" } else { "drop_named" };
        add(&mut text, &format!("{function} {}\n", quote(tool)));
    }
    if remove_config {
        text.push_str("rm -f \"$config\"\n");
    }
    text.push_str("mise reshim\nfi\n");
    text
}
