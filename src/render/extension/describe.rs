//! All that a manifest says, for people.

use super::words::{because, chain, exceptions, strategy, support};
use super::{ExtensionEntry, words};
use crate::address::Name;
use crate::catalog::{Deprecation, GpuNeed, Manifest, RemoveStep, Support};
use crate::render::page::{Page, Style, Tone};
use crate::render::text::{clean, duration, wrap};
use crate::resource::GpuVendor;

/// How far in the values stand.
const INDENT: usize = 14;

/// Labels and values, the values broken into lines.
pub(in crate::render) struct Sheet {
    page: Page,
}

impl Sheet {
    pub(in crate::render) fn new(style: &Style) -> Self {
        Self {
            page: Page::new(*style),
        }
    }

    pub(in crate::render) fn title(&mut self, name: &str, rest: &str) {
        self.page.tone(Tone::Strong, &clean(name));
        if !rest.is_empty() {
            self.page.raw(" ").user(rest);
        }
        self.page.end();
    }

    /// A paragraph across the page.
    pub(in crate::render) fn text(&mut self, text: &str) {
        for line in wrap(&clean(text), self.page.style.width) {
            self.page.raw(&line).end();
        }
    }

    pub(in crate::render) fn gap(&mut self) {
        self.page.end();
    }

    /// A value; nothing where it is empty.
    pub(in crate::render) fn put(&mut self, label: &str, value: &str) {
        self.each(label, &[value.to_owned()]);
    }

    /// A value that may not be there.
    pub(in crate::render) fn maybe(&mut self, label: &str, value: Option<&str>) {
        self.put(label, value.unwrap_or_default());
    }

    /// Several values, each on lines of its own.
    pub(in crate::render) fn each(&mut self, label: &str, values: &[String]) {
        let room = self.page.style.width.saturating_sub(INDENT + 2).max(20);
        let mut label = label;
        for value in values.iter().filter(|value| !value.is_empty()) {
            for (at, line) in wrap(&clean(value), room).iter().enumerate() {
                self.page
                    .tone(Tone::Faint, label)
                    .pad(INDENT - label.len().min(INDENT))
                    .pad(if at == 0 { 0 } else { 2 })
                    .raw(line)
                    .end();
                label = "";
            }
        }
    }

    pub(in crate::render) fn into_text(self) -> String {
        self.page.into_text()
    }
}

/// All that a manifest says, for people.
pub fn extension_human(entry: &ExtensionEntry, style: &Style) -> String {
    let manifest = &entry.manifest;
    let mut sheet = Sheet::new(style);
    sheet.title(manifest.name.as_str(), &manifest.version);
    sheet.text(&manifest.description);
    if let Some(deprecation) = &manifest.deprecation {
        sheet.text(&deprecated(deprecation));
    }
    sheet.gap();
    sheet.put("category", manifest.category.as_str());
    sheet.maybe("license", manifest.license.as_deref());
    sheet.maybe("homepage", manifest.homepage.as_deref());
    sheet.maybe("author", manifest.author.as_deref());
    let place = if entry.beside {
        format!("{} beside the configuration", manifest.folder.shown)
    } else {
        "the catalog of this program".to_owned()
    };
    sheet.put("from", &place);
    sheet.put("method", &manifest.method);
    sheet.each("tools", &words::tools(manifest));
    relations(&mut sheet, entry);
    works(&mut sheet, entry);
    requirements(&mut sheet, manifest);
    let checks: Vec<String> = manifest.validate.iter().map(words::check).collect();
    sheet.each("validated by", &checks);
    sheet.each("configures", &configures(manifest));
    capabilities(&mut sheet, manifest);
    sheet.each("removing", &removing(manifest));
    sheet.put("upgrading", strategy(manifest.upgrade.strategy));
    let files: Vec<&str> = manifest.files.keys().map(String::as_str).collect();
    sheet.put("files", &files.join(", "));
    sheet.into_text()
}

fn deprecated(deprecation: &Deprecation) -> String {
    let mut text = "Deprecated".to_owned();
    if let Some(since) = &deprecation.since {
        text.extend([" since ", since]);
    }
    if let Some(successor) = &deprecation.successor {
        text.extend([", use ", successor, " instead"]);
    }
    if let Some(message) = &deprecation.message {
        text.extend([": ", message]);
    }
    text + "."
}

fn relations(sheet: &mut Sheet, entry: &ExtensionEntry) {
    let manifest = &entry.manifest;
    sheet.put("needs", &listed(&manifest.dependencies));
    let all = chain(entry);
    if all.len() > manifest.dependencies.len() {
        let names: Vec<&str> = all.into_iter().map(Name::as_str).collect();
        sheet.put("with theirs", &names.join(", "));
    }
    let soft = manifest.soft_dependencies.iter();
    let soft: Vec<String> = soft
        .map(|soft| format!("{}; without: {}", soft.name, soft.without))
        .collect();
    sheet.each("better with", &soft);
    sheet.put("conflicts", &listed(&manifest.conflicts));
}

fn works(sheet: &mut Sheet, entry: &ExtensionEntry) {
    sheet.put("works", &exceptions(&entry.everywhere));
    for (provider, verdict) in &entry.here {
        let mut text = support(verdict.support).to_owned();
        if let Some(why) = because(verdict) {
            text.extend([" (", &why, ")"]);
        }
        sheet.put(&format!("on {provider}"), &text);
    }
    let compatibility = &entry.manifest.compatibility;
    if entry.here.is_empty() {
        sheet.maybe("because", compatibility.reason.as_deref());
    }
    // The way out matters where the configuration needs one; without, all of them.
    let alternatives: Vec<String> = compatibility
        .alternatives
        .iter()
        .filter(|(provider, _)| {
            entry.here.is_empty()
                || entry.here.iter().any(|(here, verdict)| {
                    here == *provider && verdict.support != Support::Supported
                })
        })
        .map(|(provider, text)| format!("{provider}: {text}"))
        .collect();
    sheet.each("instead", &alternatives);
    let distros: Vec<&str> = entry.manifest.distros.iter().map(|d| d.as_str()).collect();
    sheet.put("distributions", &distros.join(", "));
}

fn requirements(sheet: &mut Sheet, manifest: &Manifest) {
    let needs = &manifest.requirements;
    let arch: Vec<&str> = needs.arch.iter().map(|arch| arch.as_str()).collect();
    sheet.put("architectures", &arch.join(", "));
    let machine: Vec<&str> = needs.needs.iter().map(|need| need.as_str()).collect();
    sheet.put("machine needs", &machine.join(", "));
    sheet.put("GPU", &needs.gpu.as_ref().map_or_else(String::new, gpu));
    sheet.put(
        "disk",
        &needs.disk.map_or_else(String::new, |s| s.to_string()),
    );
    sheet.put(
        "memory",
        &needs.memory.map_or_else(String::new, |s| s.to_string()),
    );
    sheet.put(
        "takes about",
        &needs.install_time.map_or_else(String::new, duration),
    );
    sheet.put("domains", &needs.domains.join(", "));
    sheet.put("secrets", &needs.secrets.join(", "));
}

fn gpu(need: &GpuNeed) -> String {
    let mut text = if need.required {
        "required".to_owned()
    } else {
        "recommended".to_owned()
    };
    match need.vendor {
        Some(GpuVendor::Nvidia) => text.push_str(", NVIDIA"),
        Some(GpuVendor::Amd) => text.push_str(", AMD"),
        None => {}
    }
    if need.count > 1 {
        text.extend([", ", &need.count.to_string(), " of them"]);
    }
    if let Some(memory) = need.memory {
        text.extend([", ", &memory.to_string(), " of memory"]);
    }
    if let Some(cuda) = &need.cuda {
        text.extend([", CUDA ", cuda]);
    }
    text
}

fn configures(manifest: &Manifest) -> Vec<String> {
    let configure = &manifest.configure;
    let templates = configure.templates.iter().map(|t| t.destination.clone());
    let variables = configure.environment.iter();
    templates
        .chain(variables.map(|variable| format!("{}={}", variable.key, variable.value)))
        .collect()
}

fn capabilities(sheet: &mut Sheet, manifest: &Manifest) {
    let capabilities = &manifest.capabilities;
    if let Some(auth) = &capabilities.auth {
        let need = if auth.required { "needed" } else { "optional" };
        let mut text = format!("{}, {need}", auth.provider);
        let ways = [(auth.api_key, "a key"), (auth.cli, "the tool's own login")];
        let ways: Vec<&str> = ways.iter().filter(|w| w.0).map(|w| w.1).collect();
        if !ways.is_empty() {
            text.extend(["; by ", &ways.join(" or ")]);
        }
        if !auth.variables.is_empty() {
            text.extend(["; ", &auth.variables.join(", ")]);
        }
        sheet.put("login", &text);
    }
    if let Some(mcp) = &capabilities.mcp {
        let mut text: Vec<&str> = mcp.command.iter().map(String::as_str).collect();
        text.extend(mcp.args.iter().map(String::as_str));
        sheet.put("MCP server", &text.join(" "));
        sheet.put("MCP tools", &mcp.tools.join(", "));
    }
    let hooks = &capabilities.hooks;
    let hooks = [
        ("before installing", &hooks.pre_install),
        ("after installing", &hooks.post_install),
        ("before a project", &hooks.pre_project_init),
        ("after a project", &hooks.post_project_init),
    ];
    let hooks: Vec<String> = hooks
        .iter()
        .filter_map(|(when, hook)| {
            let hook = hook.as_ref()?;
            Some(format!("{when}: {}", words::hook(hook)))
        })
        .collect();
    sheet.each("hooks", &hooks);
    let commands = capabilities.project_init.iter();
    let commands: Vec<String> = commands.map(|init| init.command.clone()).collect();
    sheet.each("in a project", &commands);
    if let Some(service) = &manifest.service {
        let ports: Vec<String> = service.ports.iter().map(u16::to_string).collect();
        let mut text = service.start.join(" ");
        if !ports.is_empty() {
            text.extend([" on port ", &ports.join(", ")]);
        }
        if !service.enabled {
            text.push_str(", started by hand");
        }
        sheet.put("service", &text);
    }
}

fn removing(manifest: &Manifest) -> Vec<String> {
    let remove = &manifest.remove;
    let mut all: Vec<String> = remove
        .steps
        .iter()
        .map(|step| match step {
            RemoveStep::Script { path, .. } => format!("runs {path}"),
            RemoveStep::Apt { packages, purge } => {
                let how = if *purge { "purges" } else { "removes" };
                format!("{how} the packages {}", packages.join(", "))
            }
            RemoveStep::Dnf { packages } | RemoveStep::Zypper { packages } => {
                format!("removes the packages {}", packages.join(", "))
            }
            RemoveStep::Mise { tools, .. } => {
                format!("removes {} from mise", tools.join(", "))
            }
        })
        .collect();
    if !remove.paths.is_empty() {
        all.push(format!("deletes {}", remove.paths.join(", ")));
    }
    if all.is_empty() {
        all.push("what its steps brought goes away".to_owned());
    }
    all
}

fn listed(names: &[Name]) -> String {
    let names: Vec<&str> = names.iter().map(Name::as_str).collect();
    names.join(", ")
}
