//! Tools through mise: from a list, or from the configuration file in the folder.

use super::super::finding::Finding;
use super::super::step::{Action, Step};
use super::super::text::MiseText;
use super::Lowering;
use super::install::Frame;

impl Lowering {
    /// A step for each tool; one for all where a listed step names the tool, or where the
    /// configuration file isn't as plain as that.
    pub(super) fn mise(&mut self, at: &str, text: MiseText, frame: &Frame) -> Vec<Step> {
        let mut tools = self.words(&format!("{at}/tools"), text.tools);
        for (index, tool) in tools.iter().enumerate() {
            let pinned = split(tool).1.is_some_and(is_fixed);
            if !pinned {
                self.findings.push(
                    Finding::warning(
                        &format!("{at}/tools/{index}"),
                        "catalog::not-pinned",
                        format!("`{tool}` names no version, so that every day may bring another"),
                    )
                    .help("write `name@version`"),
                );
            }
        }
        let config_file = text
            .config_file
            .map(|file| self.file(&format!("{at}/configFile"), file));
        if tools.is_empty()
            && let Some(content) = config_file.as_ref().and_then(|file| self.files.get(file))
        {
            tools = std::str::from_utf8(content)
                .ok()
                .and_then(listed)
                .unwrap_or_default();
        }
        let action = |tools| Action::Mise {
            tools,
            config_file: config_file.clone(),
            reshim: text.reshim_after_install,
        };
        if tools.is_empty() && config_file.is_none() {
            return Vec::new();
        }
        if frame.tool.is_some() || tools.is_empty() {
            return vec![frame.step("mise tools", action(tools))];
        }
        tools
            .into_iter()
            .map(|tool| frame.step(called(&tool).to_owned(), action(vec![tool])))
            .collect()
    }
}

/// Name and version of `backend:name@version`.
pub(super) fn split(tool: &str) -> (&str, Option<&str>) {
    match tool.rfind('@') {
        Some(at) if at > 0 && !tool[..at].ends_with([':', '/']) => {
            (&tool[..at], Some(&tool[at + 1..]))
        }
        _ => (tool, None),
    }
}

/// What results call a tool: its name without backend and version.
pub(super) fn called(tool: &str) -> &str {
    let name = split(tool).0;
    name.split_once(':').map_or(name, |(_, name)| name)
}

/// Whether a version names one release, as far as its text tells.
fn is_fixed(version: &str) -> bool {
    version.contains(|c: char| c.is_ascii_digit())
        && !version.starts_with(['^', '~', '>', '<'])
        && !["ref:", "prefix:", "sub-", "path:"]
            .iter()
            .any(|word| version.starts_with(word))
}

/// The tools of a configuration file, where each is plainly `name = "version"`; none where
/// anything is not.
fn listed(text: &str) -> Option<Vec<String>> {
    let mut tools = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line == "[tools]";
            if line.starts_with("[tools.") {
                return None;
            }
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let (name, rest) = line.split_once('=')?;
            let name = name.trim().trim_matches(['"', '\'']);
            let version = quoted(rest.trim())?;
            let plain = |text: &str| {
                !text.is_empty()
                    && !text.contains(|c: char| c.is_whitespace() || "\"'{[".contains(c))
            };
            if !plain(name) || !plain(version) {
                return None;
            }
            tools.push(format!("{name}@{version}"));
        }
    }
    Some(tools)
}

/// The text of a quoted value, possibly with a comment behind it.
fn quoted(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (inner, rest) = value[1..].split_once(quote)?;
    let rest = rest.trim();
    (rest.is_empty() || rest.starts_with('#')).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tools_name_is_told_from_backend_and_version() {
        for (tool, name, version) in [
            ("go@1.25.4", "go", Some("1.25.4")),
            ("npm:@scope/pkg@1.0.0", "@scope/pkg", Some("1.0.0")),
            ("npm:@scope/pkg", "@scope/pkg", None),
            ("aqua:owner/tool@v2", "owner/tool", Some("v2")),
            ("node", "node", None),
        ] {
            assert_eq!((called(tool), split(tool).1), (name, version), "{tool}");
        }
        assert!(is_fixed("temurin-21.0.2") && !is_fixed("latest") && !is_fixed("^1.2"));
    }

    #[test]
    fn a_plain_configuration_is_read_and_any_other_is_left_to_mise() {
        let plain = "[env]\nA = 1\n[tools]\n# two\nnode = \"22.1.0\" # fine\n\"npm:@a/b\" = '1.2.3'\n[settings]\nx = true\n";
        assert_eq!(listed(plain).unwrap(), ["node@22.1.0", "npm:@a/b@1.2.3"]);
        assert_eq!(listed("[tools]\nnode = { version = \"22\" }\n"), None);
        assert_eq!(listed("[tools.node]\nversion = \"22\"\n"), None);
        assert_eq!(listed("text"), Some(Vec::new()));
    }
}
