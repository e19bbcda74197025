//! All that a manifest says, as JSON.

use serde_json::{Value, json};

use super::words::{brings, chain, command, verdict_json};
use super::{ExtensionEntry, installed};
use crate::catalog::{Capabilities, GpuNeed, Hook, HookRun, Manifest, Remove, RemoveStep, Service};
use crate::resource::{GpuVendor, UpgradeStrategy};

/// All that a manifest says, as one line of JSON. Times are in seconds.
pub fn extension_json(entry: &ExtensionEntry) -> String {
    let manifest = &entry.manifest;
    let soft: Vec<Value> = manifest
        .soft_dependencies
        .iter()
        .map(|soft| json!({ "name": soft.name, "without": soft.without }))
        .collect();
    let deprecation = manifest.deprecation.as_ref().map(
        |one| json!({ "since": one.since, "successor": one.successor, "message": one.message }),
    );
    json!({
        "name": manifest.name,
        "version": manifest.version,
        "description": manifest.description,
        "category": manifest.category,
        "license": manifest.license,
        "homepage": manifest.homepage,
        "author": manifest.author,
        "folder": manifest.folder.shown,
        "beside": entry.beside,
        "content": manifest.content.as_str(),
        "method": manifest.method,
        "tools": tools(manifest),
        "dependencies": manifest.dependencies,
        "resolved": chain(entry),
        "soft_dependencies": soft,
        "conflicts": manifest.conflicts,
        "distributions": manifest.distros,
        "here": verdict_json(&entry.here),
        "everywhere": verdict_json(&entry.everywhere),
        "reason": manifest.compatibility.reason,
        "alternatives": manifest.compatibility.alternatives,
        "requirements": requirements(manifest),
        "validations": validations(manifest),
        "configures": configures(manifest),
        "remove": remove(&manifest.remove),
        "upgrade": upgrade(manifest.upgrade.strategy),
        "service": manifest.service.as_ref().map(service),
        "capabilities": capabilities(&manifest.capabilities),
        "deprecation": deprecation,
        "files": manifest.files.keys().collect::<Vec<_>>(),
        "installed": entry.installed.iter().map(installed::document).collect::<Vec<_>>(),
    })
    .to_string()
}

fn tools(manifest: &Manifest) -> Vec<Value> {
    let each = manifest.steps.iter();
    each.map(|step| {
        json!({
            "name": step.tool,
            "method": step.action.method(),
            "brings": brings(&step.action),
            "core": step.core || !manifest.continue_on_error,
            "distributions": step.distros,
        })
    })
    .collect()
}

fn requirements(manifest: &Manifest) -> Value {
    let needs = &manifest.requirements;
    json!({
        "domains": needs.domains,
        "disk": needs.disk,
        "memory": needs.memory,
        "install_time": needs.install_time.map(|time| time.as_secs()),
        "secrets": needs.secrets,
        "gpu": needs.gpu.as_ref().map(gpu),
        "needs": needs.needs,
        "arch": needs.arch,
    })
}

fn gpu(need: &GpuNeed) -> Value {
    let vendor = need.vendor.map(|vendor| match vendor {
        GpuVendor::Nvidia => "nvidia",
        GpuVendor::Amd => "amd",
    });
    json!({
        "required": need.required,
        "vendor": vendor,
        "count": need.count,
        "memory": need.memory,
        "cuda": need.cuda,
    })
}

fn validations(manifest: &Manifest) -> Vec<Value> {
    let each = manifest.validate.iter();
    each.map(|check| {
        json!({
            "tool": check.tool,
            "command": command(check),
            "expected": check.expected,
            "timeout": check.timeout.as_secs(),
        })
    })
    .collect()
}

fn configures(manifest: &Manifest) -> Value {
    let templates: Vec<Value> = manifest
        .configure
        .templates
        .iter()
        .map(
            |one| json!({ "source": one.source, "destination": one.destination, "mode": one.mode }),
        )
        .collect();
    let environment: Vec<Value> = manifest
        .configure
        .environment
        .iter()
        .map(|one| json!({ "key": one.key, "value": one.value, "scope": one.scope }))
        .collect();
    json!({ "templates": templates, "environment": environment })
}

fn remove(remove: &Remove) -> Value {
    let steps: Vec<Value> = remove
        .steps
        .iter()
        .map(|step| match step {
            RemoveStep::Script { path, .. } => json!({ "script": path }),
            RemoveStep::Apt { packages, purge } => json!({ "apt": packages, "purge": purge }),
            RemoveStep::Dnf { packages } => json!({ "dnf": packages }),
            RemoveStep::Zypper { packages } => json!({ "zypper": packages }),
            RemoveStep::Mise { tools, .. } => json!({ "mise": tools }),
        })
        .collect();
    json!({ "steps": steps, "paths": remove.paths })
}

fn upgrade(strategy: UpgradeStrategy) -> &'static str {
    match strategy {
        UpgradeStrategy::Automatic => "automatic",
        UpgradeStrategy::Manual => "manual",
        UpgradeStrategy::None => "none",
        UpgradeStrategy::Reinstall => "reinstall",
        UpgradeStrategy::InPlace => "in-place",
    }
}

fn service(service: &Service) -> Value {
    json!({
        "enabled": service.enabled,
        "start": service.start,
        "ports": service.ports,
        "requires_env": service.requires_env,
    })
}

fn capabilities(capabilities: &Capabilities) -> Value {
    let hooks = &capabilities.hooks;
    let auth = capabilities.auth.as_ref().map(|auth| {
        json!({
            "provider": auth.provider,
            "required": auth.required,
            "api_key": auth.api_key,
            "cli": auth.cli,
            "variables": auth.variables,
        })
    });
    // What a server's environment holds may be a key: its names only.
    let mcp = capabilities.mcp.as_ref().map(|mcp| {
        json!({
            "command": mcp.command,
            "args": mcp.args,
            "env": mcp.env.keys().collect::<Vec<_>>(),
            "tools": mcp.tools,
        })
    });
    let project: Vec<&str> = capabilities
        .project_init
        .iter()
        .map(|init| init.command.as_str())
        .collect();
    json!({
        "hooks": {
            "pre_install": hooks.pre_install.as_ref().map(hook),
            "post_install": hooks.post_install.as_ref().map(hook),
            "pre_project_init": hooks.pre_project_init.as_ref().map(hook),
            "post_project_init": hooks.post_project_init.as_ref().map(hook),
        },
        "project_init": project,
        "auth": auth,
        "mcp": mcp,
    })
}

fn hook(hook: &Hook) -> Value {
    match &hook.run {
        HookRun::Command(command) => json!({ "command": command, "description": hook.description }),
        HookRun::Script(path) => json!({ "script": path, "description": hook.description }),
    }
}
