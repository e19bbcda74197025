//! From what a manifest says to what it means: defaults filled, paths and words checked.

mod blocks;
mod capability;
mod download;
mod install;
mod lifecycle;
mod mise;
mod system;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::finding::Finding;
use super::manifest::{Compatibility, GpuNeed, Manifest, Need, Requirements, SoftDependency};
use super::shelf::Folder;
use super::text::{
    CompatibilityText, DependencyText, ExtensionText, GpuText, NameText, ProviderText,
    RequirementsText, Seconds, VendorText,
};
use crate::address::Name;
use crate::digest::Digest;
use crate::resource::{GpuVendor, ProviderKind};

/// Lowers a manifest; the findings may hold warnings beside errors.
pub(super) fn lower(
    name: &Name,
    text: ExtensionText,
    folder: Folder,
    content: Digest,
) -> (Manifest, Vec<Finding>) {
    let mut lowering = Lowering {
        files: Arc::clone(&folder.files),
        findings: Vec::new(),
    };
    let metadata = text.metadata;
    lowering.identity(name, &metadata.name.0, &metadata.version);
    let install_timeout = lowering.seconds(
        "requirements/installTimeout",
        text.requirements.install_timeout,
        300,
    );
    let check_timeout = lowering.seconds(
        "requirements/validationTimeout",
        text.requirements.validation_timeout,
        30,
    );
    let deprecation = lowering.deprecation(text.deprecation);
    let manifest = Manifest {
        name: name.clone(),
        version: metadata.version,
        description: metadata.description,
        category: metadata.category,
        license: lowering.license(metadata.license),
        homepage: metadata.homepage,
        author: metadata.author,
        soft_dependencies: metadata
            .soft_dependencies
            .into_iter()
            .map(|soft| SoftDependency {
                name: soft.name.0,
                without: soft.without,
            })
            .collect(),
        needs_tools: lowering.needs_tools(&metadata.dependencies),
        dependencies: unique(
            metadata
                .dependencies
                .into_iter()
                .map(|one| one.name)
                .collect(),
        ),
        conflicts: unique(metadata.conflicts),
        distros: metadata.distros,
        compatibility: compatibility(metadata.compatibility),
        requirements: lowering.requirements(text.requirements),
        method: install::method_name(text.install.method).to_owned(),
        continue_on_error: text.install.continue_on_error,
        report_successes: text.install.report_successes,
        steps: lowering.steps(text.install, install_timeout),
        validate: lowering.checks(text.validate, check_timeout),
        configure: lowering.configure(text.configure),
        remove: lowering.remove(text.remove),
        upgrade: lowering.upgrade(text.upgrade),
        service: text.service.map(|service| lowering.service(service)),
        capabilities: lowering.capabilities(text.capabilities),
        deprecation,
        files: Arc::clone(&folder.files),
        content,
        notes: Vec::new(),
        folder: Arc::new(folder),
    };
    (manifest, lowering.findings)
}

/// The findings made so far, and the files a path may name.
struct Lowering {
    files: Arc<BTreeMap<String, Arc<[u8]>>>,
    findings: Vec<Finding>,
}

impl Lowering {
    fn identity(&mut self, name: &Name, said: &Name, version: &str) {
        if name != said {
            self.findings.push(
                Finding::error(
                    "metadata/name",
                    "catalog::name-mismatch",
                    format!("the manifest of `{name}` calls itself `{said}`"),
                )
                .help(format!("name it `{name}`, or rename its folder")),
            );
        }
        if !words::is_version(version) {
            self.findings.push(
                Finding::error(
                    "metadata/version",
                    "catalog::bad-version",
                    format!("`{version}` is not a version"),
                )
                .help("write three numbers, such as 1.4.0"),
            );
        }
    }

    /// An SPDX expression by its looks, or `proprietary`.
    fn license(&mut self, said: Option<String>) -> Option<String> {
        let said = said?;
        if !words::is_license(&said) {
            self.findings.push(
                Finding::error(
                    "metadata/license",
                    "catalog::bad-license",
                    format!("`{}` is not a license", said.escape_debug()),
                )
                .help("write an SPDX expression such as `MIT OR Apache-2.0`, or `proprietary`"),
            );
        }
        Some(said)
    }

    /// The tools of dependencies that are named.
    fn needs_tools(&mut self, dependencies: &[DependencyText]) -> BTreeMap<Name, Vec<String>> {
        let mut needs = BTreeMap::new();
        for (index, one) in dependencies.iter().enumerate() {
            let Some(tools) = &one.tools else { continue };
            let at = format!("metadata/dependencies/{index}/tools");
            if tools.is_empty() {
                self.findings.push(
                    Finding::error(&at, "catalog::wrong-value", "no tool is named")
                        .help("name some of them, or leave `tools` out"),
                );
            }
            needs.insert(one.name.0.clone(), tools.clone());
        }
        needs
    }

    fn requirements(&mut self, text: RequirementsText) -> Requirements {
        let gpu = text.gpu.and_then(|gpu| self.gpu(gpu));
        Requirements {
            domains: text.domains,
            disk: text.disk_space.and_then(|size| size.0),
            memory: text.memory.and_then(|size| size.0),
            install_time: text.install_time.map(Seconds::duration),
            secrets: text.secrets,
            needs: if gpu.as_ref().is_some_and(|gpu| gpu.required)
                && !text.needs.contains(&Need::Gpu)
            {
                text.needs.into_iter().chain([Need::Gpu]).collect()
            } else {
                text.needs
            },
            arch: text.arch,
            gpu,
        }
    }

    fn gpu(&mut self, text: GpuText) -> Option<GpuNeed> {
        if text.min_count == Some(0) {
            self.findings.push(Finding::error(
                "requirements/gpu/minCount",
                "catalog::wrong-value",
                "a GPU need of 0 is none",
            ));
        }
        (text.required || text.recommended).then(|| GpuNeed {
            required: text.required,
            vendor: match text.vendor {
                VendorText::Nvidia => Some(GpuVendor::Nvidia),
                VendorText::Amd => Some(GpuVendor::Amd),
                VendorText::Any => None,
            },
            count: text.min_count.unwrap_or(1),
            memory: text.min_memory.and_then(|size| size.0),
            cuda: text.cuda_version,
        })
    }

    fn seconds(&mut self, at: &str, said: Option<Seconds>, default: u64) -> Duration {
        let Some(said) = said else {
            return Duration::from_secs(default);
        };
        if said.is_out_of_range() {
            self.findings.push(Finding::error(
                at,
                "catalog::wrong-value",
                "a timeout lies between 1 and 86400 seconds",
            ));
        }
        said.duration()
    }
}

fn unique(names: Vec<NameText>) -> Vec<Name> {
    let mut seen = BTreeSet::new();
    names
        .into_iter()
        .map(|name| name.0)
        .filter(|name| seen.insert(name.clone()))
        .collect()
}

fn compatibility(text: CompatibilityText) -> Compatibility {
    let by_kind = |(provider, value)| (kind(provider), value);
    Compatibility {
        providers: text.providers.into_iter().map(by_kind).collect(),
        reason: text.reason,
        alternatives: text
            .alternatives
            .into_iter()
            .map(|(provider, value)| (kind(provider), value))
            .collect(),
    }
}

fn kind(provider: ProviderText) -> ProviderKind {
    match provider {
        ProviderText::Local => ProviderKind::Local,
        ProviderText::Docker | ProviderText::DockerCompose => ProviderKind::Docker,
        ProviderText::Fly => ProviderKind::Fly,
        ProviderText::Kubernetes | ProviderText::K8s => ProviderKind::Kubernetes,
        ProviderText::E2b => ProviderKind::E2b,
        ProviderText::Devpod => ProviderKind::Devpod,
        ProviderText::Runpod => ProviderKind::Runpod,
        ProviderText::Northflank => ProviderKind::Northflank,
    }
}
