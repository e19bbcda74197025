//! What stands in the way of what is wanted, found before anything is touched.

use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};

use bollard::models::ContainerSummary;

use super::classify::optional;
use super::features::Features;
use super::label::{self, Claim};
use super::listing::{Listing, list};
use super::request::nesting;
use super::request::volume::Part;
use super::{Docker, image, ownership};
use crate::address::Address;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::plan::Observation;
use crate::provider::{Query, Question};
use crate::resource::{
    DindMode, DockerRuntime, DockerSettings, GpuVendor, MachineSpec, PortMapping, Power, Protocol,
    PullPolicy, Settings, Size, Spec,
};

/// Checks what is wanted against what the Engine has.
pub(super) async fn check(
    docker: &Docker,
    query: &Query,
    observed: &BTreeMap<Address, Observation>,
) -> Diagnostics {
    let asked = |kind| query.asks(kind);
    let everything =
        Box::pin(async { tokio::try_join!(list(docker, &asked, None), docker.features()) });
    let (listing, engine) = match everything.await {
        Ok(found) => found,
        // An Engine that can't be asked is one finding, however much was to be checked.
        Err(error) => return error.diagnose(),
    };
    let mut findings = Diagnostics::new();
    for question in query.questions.iter().filter(|question| question.wanted) {
        let present = matches!(
            observed.get(&question.address),
            Some(Observation::Present(_))
        );
        let mut found = match question.spec.as_ref() {
            Spec::Machine(spec) => {
                let mut found = limits(spec, engine);
                if let Settings::Docker(settings) = &spec.settings {
                    found.extend(runtimes(settings, engine));
                    if nesting(settings, engine).volume {
                        let inner = Part::Engine.volume_of(&spec.name);
                        found.extend(volume_name(query, question, &inner, &listing));
                    }
                    // One that `sindri stop` put to rest needs its ports when it is started.
                    if spec.power != Power::Stopped {
                        found.extend(ports(docker, query, question, settings, &listing));
                    }
                }
                if !present {
                    found.extend(container_name(query, question, &spec.name, &listing));
                    let secrets = Part::Secrets.volume_of(&spec.name);
                    found.extend(volume_name(query, question, &secrets, &listing));
                }
                found
            }
            Spec::Network(spec) if !present => network_name(query, question, &spec.name, &listing),
            Spec::Volume(spec) if !present => volume_name(query, question, &spec.name, &listing),
            Spec::Image(spec) if spec.pull == PullPolicy::Never => {
                image_there(docker, &spec.reference).await
            }
            Spec::Gpu(spec) => gpu(spec.vendor, engine),
            Spec::Network(_)
            | Spec::Volume(_)
            | Spec::Image(_)
            | Spec::Secret(_)
            | Spec::Extension(_) => Diagnostics::new(),
        };
        for finding in &mut found {
            finding
                .address
                .get_or_insert_with(|| question.address.clone());
        }
        findings.append(&mut found);
    }
    findings
}

fn taken(kind: &str, name: &str, claim: Claim) -> Diagnostics {
    match claim {
        // Apply finishes or reports what an earlier run left; it isn't in the way.
        Claim::Operation | Claim::Address => Diagnostics::new(),
        Claim::Lineage | Claim::Foreign | Claim::Unlabelled => {
            ownership::taken(kind, name, claim).diagnose()
        }
    }
}

fn container_name(
    query: &Query,
    question: &Question,
    name: &str,
    listing: &Listing,
) -> Diagnostics {
    let called = |container: &&ContainerSummary| {
        let mut names = container.names.iter().flatten();
        names.any(|other| other.trim_start_matches('/') == name)
    };
    listing
        .containers
        .iter()
        .find(called)
        .map_or_else(Diagnostics::new, |container| {
            let labels = container.labels.as_ref();
            let claim = label::claim_of(labels, &query.lineage, &question.address);
            taken("container", name, claim)
        })
}

fn network_name(query: &Query, question: &Question, name: &str, listing: &Listing) -> Diagnostics {
    listing
        .networks
        .iter()
        .find(|network| network.name.as_deref() == Some(name))
        .map_or_else(Diagnostics::new, |network| {
            let labels = network.labels.as_ref();
            let claim = label::claim_of(labels, &query.lineage, &question.address);
            taken("network", name, claim)
        })
}

fn volume_name(query: &Query, question: &Question, name: &str, listing: &Listing) -> Diagnostics {
    listing
        .volumes
        .iter()
        .find(|volume| volume.name == name)
        .map_or_else(Diagnostics::new, |volume| {
            let labels = Some(&volume.labels);
            let claim = label::claim_of(labels, &query.lineage, &question.address);
            taken("volume", name, claim)
        })
}

async fn image_there(docker: &Docker, reference: &str) -> Diagnostics {
    match optional(image::look(docker, reference).await) {
        Ok(Some(Some(_))) => Diagnostics::new(),
        Ok(_) => vec![
            Diagnostic::error(
                Code::new("docker::image-missing"),
                format!("the Engine doesn't have the image `{reference}`, and it is never pulled"),
            )
            .help("pull or build it, or let `pullPolicy` be IfNotPresent"),
        ],
        Err(error) => error.diagnose(),
    }
}

fn gpu(vendor: GpuVendor, engine: &Features) -> Diagnostics {
    match vendor {
        GpuVendor::Nvidia if !engine.nvidia => vec![
            Diagnostic::error(
                Code::new("docker::gpu-runtime-missing"),
                "the Docker Engine can't hand NVIDIA GPUs to containers",
            )
            .help(
                "install the NVIDIA Container Toolkit on the Engine's host, run `sudo nvidia-ctk \
                 runtime configure --runtime=docker`, and restart Docker",
            )
            .allowable(),
        ],
        GpuVendor::Nvidia | GpuVendor::Amd => Diagnostics::new(),
    }
}

fn limits(spec: &MachineSpec, engine: &Features) -> Diagnostics {
    let mut findings = Diagnostics::new();
    if let Some(memory) = spec.memory {
        if !engine.limits_memory {
            findings.push(unlimited("memory", engine));
        } else if engine.memory > 0 && memory.as_bytes() > engine.memory {
            let host = Size::mib(engine.memory >> 20);
            findings.push(
                Diagnostic::warning(
                    Code::new("docker::memory-exceeds-host"),
                    format!("`memory: {memory}` is more than the Engine's host has ({host})"),
                )
                .help("lower `resources.memory`; the limit will never be reached"),
            );
        }
    }
    if let Some(cpus) = spec.cpus {
        if !engine.limits_cpus {
            findings.push(unlimited("cpus", engine));
        } else if engine.cpus > 0 && u64::from(cpus) > engine.cpus {
            findings.push(
                Diagnostic::error(
                    Code::new("docker::cpus-exceed-host"),
                    format!(
                        "`cpus: {cpus}` is more than the Engine's host has ({})",
                        engine.cpus
                    ),
                )
                .help(format!("lower `resources.cpus` to {} or less", engine.cpus)),
            );
        }
    }
    findings
}

fn unlimited(what: &str, engine: &Features) -> Diagnostic {
    let finding = Diagnostic::warning(
        Code::new("docker::limit-not-enforced"),
        format!("this Engine can't limit `{what}`; the machine will have no such limit"),
    );
    if engine.rootless {
        finding.help("a rootless Engine needs cgroup v2 with delegation to limit anything")
    } else {
        finding.help("the kernel of the Engine's host was started without that cgroup")
    }
}

fn runtimes(settings: &DockerSettings, engine: &Features) -> Diagnostics {
    let mut findings = Diagnostics::new();
    let mode = settings.dind.map(|dind| dind.mode);
    let sysbox = settings.runtime == DockerRuntime::SysboxRunc || mode == Some(DindMode::Sysbox);
    if sysbox && !engine.has_sysbox() {
        findings.push(
            Diagnostic::error(
                Code::new("docker::runtime-missing"),
                "the Docker Engine has no runtime `sysbox-runc`",
            )
            .help("install Sysbox on the Engine's host, or use `dind.mode: privileged`"),
        );
    }
    if mode == Some(DindMode::Socket) {
        findings.push(
            Diagnostic::warning(
                Code::new("docker::dind-socket"),
                "the machine gets the Engine's own socket, which is root on the Engine's host",
            )
            .help("use `dind.mode: sysbox` for an Engine that stays inside"),
        );
    }
    let by_dind = match mode {
        Some(DindMode::Privileged) => true,
        Some(DindMode::Auto) => !engine.has_sysbox(),
        Some(DindMode::Sysbox | DindMode::Socket) | None => false,
    };
    if settings.privileged || by_dind {
        findings.push(
            Diagnostic::warning(
                Code::new("docker::privileged"),
                "the machine runs privileged: what gets out of hand in it is root on the host",
            )
            .help("for Docker inside, Sysbox needs no privileges: `dind.mode: sysbox`"),
        );
    }
    if engine.rootless {
        for port in settings.ports.iter().filter(|port| port.host < 1024) {
            findings.push(
                Diagnostic::warning(
                    Code::new("docker::rootless-port"),
                    format!("a rootless Engine may not listen on port {}", port.host),
                )
                .help("publish a port above 1023, or lower net.ipv4.ip_unprivileged_port_start"),
            );
        }
    }
    findings
}

/// Host ports that another container or, on this host, another process has.
fn ports(
    docker: &Docker,
    query: &Query,
    question: &Question,
    settings: &DockerSettings,
    listing: &Listing,
) -> Diagnostics {
    let own = |container: &ContainerSummary| {
        let id = question.id.as_ref().map(crate::state::ObjectId::as_str);
        let labels = container.labels.as_ref();
        (id.is_some() && container.id.as_deref() == id)
            || label::claim_of(labels, &query.lineage, &question.address) == Claim::Address
    };
    let mut findings = Diagnostics::new();
    for port in &settings.ports {
        let holder = listing
            .containers
            .iter()
            .find(|container| publishes(container, port));
        let by = match holder {
            Some(container) if own(container) => continue,
            Some(container) => {
                let name = container.names.iter().flatten().next();
                let name = name.map_or("", |name| name.trim_start_matches('/'));
                format!("the container `{name}`")
            }
            None if docker.is_local() && is_bound(port) => "a process on this host".to_owned(),
            None => continue,
        };
        findings.push(
            Diagnostic::error(
                Code::new("docker::port-taken"),
                format!("port {} is taken by {by}", port.host),
            )
            .help("stop it, or publish another host port under `providers.docker.ports`"),
        );
    }
    findings
}

fn publishes(container: &ContainerSummary, wanted: &PortMapping) -> bool {
    container.ports.iter().flatten().any(|port| {
        let udp = port.typ == Some(bollard::models::PortSummaryTypeEnum::UDP);
        let any = |ip: Option<&str>| matches!(ip, None | Some("" | "0.0.0.0" | "::"));
        port.public_port == Some(wanted.host)
            && udp == (wanted.protocol == Protocol::Udp)
            && (any(port.ip.as_deref())
                || any(wanted.address.as_deref())
                || port.ip == wanted.address)
    })
}

/// Whether something on this host listens there already; only a plain "in use" counts.
fn is_bound(port: &PortMapping) -> bool {
    let place = (port.address.as_deref().unwrap_or("0.0.0.0"), port.host);
    let bound = match port.protocol {
        Protocol::Tcp => TcpListener::bind(place).map(drop),
        Protocol::Udp => UdpSocket::bind(place).map(drop),
    };
    bound.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
}
