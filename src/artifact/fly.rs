//! `fly.toml`: a machine on Fly.io for people who stay with `fly deploy`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ArtifactError;
use super::mark::{Artifact, Origin};
use super::shell::word;
use crate::address::{Address, Name};
use crate::desired::Desired;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::digest::Digest;
use crate::resource::{
    FlyGuest, FlySettings, MachineSpec, Outbound, SecretSource, SecretSpec, Settings, Size, Spec,
    first_fly_region,
};

/// What the first line begins with; the digest of the rest follows.
const MARK: &str = "# Rendered by sindri, ";
/// What the names of secrets begin with that appear as files.
const FILE_SECRET: &str = "SINDRI_FILE_";
/// How long the names of volumes may be.
const VOLUME_NAME_MAX: usize = 30;

/// A `fly.toml`; the order of its fields is that of the file.
#[derive(Debug, Serialize)]
struct FlyToml<'a> {
    app: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_region: Option<&'a str>,
    kill_signal: &'static str,
    kill_timeout: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    swap_size_mb: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<Build<'a>>,
    experimental: Experimental<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    env: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mounts: Vec<Mount<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<File<'a>>,
    services: [Service; 1],
    restart: [Restart; 1],
    vm: [Vm<'a>; 1],
}

#[derive(Debug, Serialize)]
struct Build<'a> {
    image: &'a str,
}

#[derive(Debug, Serialize)]
struct Experimental<'a> {
    exec: [&'a str; 5],
}

#[derive(Debug, Serialize)]
struct Mount<'a> {
    source: String,
    destination: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_size: Option<String>,
}

/// A file whose content is a secret, in base64.
#[derive(Debug, Serialize)]
struct File<'a> {
    guest_path: &'a str,
    secret_name: String,
}

/// The way to ssh, and what becomes of the machine when nobody takes it.
#[derive(Debug, Serialize)]
struct Service {
    protocol: &'static str,
    internal_port: u16,
    auto_stop_machines: &'static str,
    auto_start_machines: bool,
    min_machines_running: u32,
    ports: [Port; 1],
}

#[derive(Debug, Serialize)]
struct Port {
    port: u16,
}

#[derive(Debug, Serialize)]
struct Restart {
    policy: &'static str,
}

#[derive(Debug, Serialize)]
struct Vm<'a> {
    cpu_kind: &'static str,
    cpus: u32,
    memory: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpus: Option<u32>,
    persist_rootfs: &'static str,
}

/// A secret of a machine, as it is wanted.
type Wanted<'a> = (&'a Name, &'a SecretSpec);

/// Renders the `fly.toml` of a machine: the app, address for address, that apply would make, but
/// for its extensions and the values of its secrets.
pub fn fly_toml(
    desired: &Desired,
    name: &Name,
    outbound: &Outbound,
) -> Result<Artifact, ArtifactError> {
    let machine = desired
        .machine(name)
        .ok_or_else(|| ArtifactError::NotWanted(name.clone()))?;
    let Settings::Fly(settings) = &machine.settings else {
        return Err(ArtifactError::NotOnFly {
            machine: name.clone(),
            provider: machine.provider,
        });
    };
    let app = app(desired, machine);
    let secrets = secrets(desired, name);
    let file = FlyToml {
        app,
        primary_region: first_fly_region(&settings.region),
        kill_signal: "SIGTERM",
        kill_timeout: "10s",
        swap_size_mb: settings.swap.map(mebibytes),
        build: machine.image.as_deref().map(|image| Build { image }),
        experimental: Experimental {
            exec: FlySettings::start(machine.mounts.first().map(|mount| mount.path.as_str())),
        },
        env: proxies(outbound),
        mounts: mounts(desired, name, machine),
        files: files(&secrets),
        services: [service(settings)],
        restart: [Restart { policy: "always" }],
        vm: [vm(machine, settings)],
    };
    // Texts, numbers and lists of tables always have a TOML form.
    let body = toml::to_string(&file).unwrap_or_default();
    Ok(Artifact {
        text: format!("{MARK}{}\n{body}", Digest::of_bytes(body.as_bytes())),
        findings: findings(desired, name, settings, &secrets),
        next: next(app, settings, &secrets),
    })
}

/// Whose a file is that may be a `fly.toml`.
pub fn origin_of_fly_toml(text: &str) -> Origin {
    let Some((digest, body)) = text
        .strip_prefix(MARK)
        .and_then(|rest| rest.split_once('\n'))
    else {
        return Origin::Foreign;
    };
    if digest == Digest::of_bytes(body.as_bytes()).as_str() {
        Origin::Rendered
    } else {
        Origin::Edited
    }
}

fn mounts<'a>(desired: &Desired, name: &Name, machine: &'a MachineSpec) -> Vec<Mount<'a>> {
    let mounts = machine.mounts.iter().map(|mount| Mount {
        source: volume_name(&mount.volume),
        destination: &mount.path,
        initial_size: volume_size(desired, name, &mount.volume).map(|size| {
            let gigabytes = size.as_bytes().div_ceil(Size::gib(1).as_bytes());
            format!("{gigabytes}gb")
        }),
    });
    mounts.collect()
}

fn service(settings: &FlySettings) -> Service {
    Service {
        protocol: "tcp",
        internal_port: FlySettings::SSH,
        auto_stop_machines: settings.autostop.as_str(),
        auto_start_machines: settings.autostart,
        min_machines_running: 0,
        ports: [Port {
            port: settings.ssh_port,
        }],
    }
}

fn vm<'a>(machine: &'a MachineSpec, settings: &FlySettings) -> Vm<'a> {
    let guest = FlyGuest::of(settings.cpu_kind, machine.cpus, machine.memory);
    let gpu = machine.gpu.as_ref();
    Vm {
        cpu_kind: guest.kind.as_str(),
        cpus: guest.cpus,
        memory: format!("{}mb", mebibytes(guest.memory)),
        gpu_kind: gpu.and_then(|gpu| gpu.kind.as_deref()),
        gpus: gpu.map(|gpu| gpu.count),
        persist_rootfs: "always",
    }
}

/// The real name of the app: that of the network the machine lives in.
fn app<'a>(desired: &'a Desired, machine: &'a MachineSpec) -> &'a str {
    let network = machine.network.as_ref().and_then(|scope| {
        let wanted = desired.get(&Address::Network(scope.clone()))?;
        match &*wanted.spec {
            Spec::Network(network) => Some(network.name.as_str()),
            Spec::Image(_)
            | Spec::Gpu(_)
            | Spec::Volume(_)
            | Spec::Machine(_)
            | Spec::Secret(_)
            | Spec::Extension(_) => None,
        }
    });
    network.unwrap_or(&machine.name)
}

fn secrets<'a>(desired: &'a Desired, machine: &Name) -> Vec<Wanted<'a>> {
    desired
        .resources()
        .iter()
        .filter_map(|wanted| match (&wanted.address, &*wanted.spec) {
            (Address::Secret(of, name), Spec::Secret(secret)) if of == machine => {
                Some((name, secret))
            }
            _ => None,
        })
        .collect()
}

fn volume_size(desired: &Desired, machine: &Name, volume: &Name) -> Option<Size> {
    let address = Address::Volume(machine.clone(), volume.clone());
    match &*desired.get(&address)?.spec {
        Spec::Volume(volume) => volume.size,
        Spec::Network(_)
        | Spec::Image(_)
        | Spec::Gpu(_)
        | Spec::Machine(_)
        | Spec::Secret(_)
        | Spec::Extension(_) => None,
    }
}

/// A volume's name in Fly's alphabet. An app has one machine and that one volume, so that none can
/// be taken for another.
fn volume_name(name: &Name) -> String {
    name.as_str()
        .chars()
        .map(|c| if c == '-' { '_' } else { c })
        .take(VOLUME_NAME_MAX)
        .collect()
}

/// The variables that lead through a proxy, as programs expect them.
pub(super) fn proxies(outbound: &Outbound) -> BTreeMap<&'static str, String> {
    let mut variables = BTreeMap::new();
    if let Some(proxy) = &outbound.proxy {
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
            variables.insert(name, proxy.clone());
        }
    }
    if !outbound.no_proxy.is_empty() {
        for name in ["NO_PROXY", "no_proxy"] {
            variables.insert(name, outbound.no_proxy.join(","));
        }
    }
    variables
}

/// Where a secret appears as a file; what sshd reads always does.
fn path_of<'a>(name: &Name, secret: &'a SecretSpec) -> Option<&'a str> {
    match &secret.target {
        Some(target) => Some(&target.path),
        None if name.as_str() == FlySettings::AUTHORIZED_KEYS => {
            Some("/run/secrets/AUTHORIZED_KEYS")
        }
        None => None,
    }
}

fn files<'a>(secrets: &[Wanted<'a>]) -> Vec<File<'a>> {
    let mut files = Vec::new();
    for (name, secret) in secrets {
        if let Some(path) = path_of(name, secret) {
            files.push(File {
                guest_path: path,
                secret_name: file_secret(name),
            });
        }
    }
    files
}

/// The app's secret that appears as a file, as apply names it too.
fn file_secret(name: &Name) -> String {
    format!("{FILE_SECRET}{name}")
}

/// The commands that deploy it, the secrets first.
fn next(app: &str, settings: &FlySettings, secrets: &[Wanted<'_>]) -> Vec<String> {
    let organization = settings.organization.as_ref();
    let organization = organization.map_or(String::new(), |name| format!(" --org {}", word(name)));
    let mut next = vec![format!("fly apps create {app}{organization}")];
    for (name, secret) in secrets {
        let is_file = path_of(name, secret).is_some();
        let name_there = if is_file {
            file_secret(name)
        } else {
            name.to_string()
        };
        let piped = value(name, &secret.source).map_or(String::new(), |value| {
            let encoded = if is_file {
                " | base64 | tr -d '\\n'"
            } else {
                ""
            };
            format!("{value}{encoded} | ")
        });
        next.push(format!(
            "{piped}fly secrets set --app {app} --stage {name_there}=-"
        ));
    }
    // A second machine would get a volume and a workspace of its own.
    next.push("fly deploy --ha=false".to_owned());
    next
}

/// The command that prints a secret, so that it never stands on a command line; none where there is
/// no such command, and the person types it.
fn value(name: &Name, source: &SecretSource) -> Option<String> {
    match source {
        SecretSource::Env { .. } => Some(format!("printf %s \"${name}\"")),
        SecretSource::File { path } => Some(format!("cat {}", word(path))),
        SecretSource::Vault { path, key, mount } => Some(format!(
            "vault kv get -mount={} -field={} {}",
            word(mount),
            word(key),
            word(path)
        )),
        // What lies there is encrypted.
        SecretSource::S3 { .. } => None,
    }
}

/// What a `fly.toml` has no place for.
fn findings(
    desired: &Desired,
    name: &Name,
    settings: &FlySettings,
    secrets: &[Wanted<'_>],
) -> Diagnostics {
    let mut findings = Diagnostics::new();
    let own = Address::Machine(name.clone());
    let mut say = |code, text: String, help: &str| {
        let found = Diagnostic::warning(Code::new(code), text);
        findings.push(found.help(help).on(own.clone()));
    };
    let region = first_fly_region(&settings.region);
    if region != Some(settings.region.trim()) {
        let written = &settings.region;
        say(
            "artifact::one-region",
            match region {
                Some(region) => {
                    format!("a fly.toml names one region: `{region}` stands for `{written}`")
                }
                None => format!("a fly.toml names one region, and `{written}` is none"),
            },
            "`fly deploy` takes the region of the volume where there is one",
        );
    }
    let extensions: Vec<&str> = desired
        .resources()
        .iter()
        .filter_map(|wanted| match &wanted.address {
            Address::Extension(of, extension) if of == name => Some(extension.as_str()),
            _ => None,
        })
        .collect();
    if !extensions.is_empty() {
        say(
            "artifact::no-extensions",
            format!("`fly deploy` installs none of: {}", extensions.join(", ")),
            "`sindri image build --bake` puts them into the image; or let `sindri apply` make the machine",
        );
    }
    for (secret, wanted) in secrets {
        if let Some(target) = &wanted.target {
            say(
                "artifact::file-mode",
                format!(
                    "the permissions {} of `{secret}` at {} are lost: a fly.toml has none",
                    target.mode, target.path
                ),
                "set them when the machine starts, or let `sindri apply` make the machine",
            );
        }
    }
    findings
}

fn mebibytes(size: Size) -> u64 {
    size.as_bytes() / Size::mib(1).as_bytes()
}
