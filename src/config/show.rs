//! A configuration written out: resolved, defaults filled, secrets by their sources only.

use serde_json::{Map, Value, json};

use super::{
    Config, DevpodBackend, ExtensionRef, Gpu, Image, Machine, ObjectProtocol, ProviderSettings,
    Secret, StateStore,
};
use crate::resource::{DockerSettings, PortMapping, Protocol, SecretSource, Size};

/// The configuration as YAML, for people.
pub fn show_yaml(config: &Config) -> String {
    // Plain text keys and values always have a YAML form.
    serde_yaml::to_string(&show(config)).unwrap_or_default()
}

/// The configuration as one document, in the words of `sindri.yaml`; reading it again means the
/// same machines.
pub fn show(config: &Config) -> Value {
    let mut document = Map::new();
    document.insert("version".to_owned(), json!(config.version.to_string()));
    document.insert("name".to_owned(), json!(config.name));
    let mut state = config.state.as_ref().map(state_store);
    if let Some(path) = &config.key_file {
        let encryption = json!({ "keyFile": path });
        state.get_or_insert_with(|| json!({}))["encryption"] = encryption;
    }
    if let Some(state) = state {
        document.insert("state".to_owned(), state);
    }
    let cluster = config.local_cluster.as_ref().map(local_cluster);
    // Those that stand by are said by `highAvailability`.
    let written = (config.machines.iter()).filter(|machine| machine.stands_by.is_none());
    match written.collect::<Vec<_>>().as_slice() {
        [machine] if machine.name == config.name && machine.real_name == config.name.as_str() => {
            let mut shown = shown(machine);
            for key in [
                "extensions",
                "secrets",
                "lifecycle",
                "caCertificates",
                "mirrors",
                "network",
            ] {
                if let Some(value) = shown.remove(key) {
                    document.insert(key.to_owned(), value);
                }
            }
            let mut providers = shown.remove("providers").unwrap_or_else(|| json!({}));
            if let Some(cluster) = cluster {
                providers["k8s"] = cluster;
            }
            document.insert("providers".to_owned(), providers);
            document.insert("deployment".to_owned(), Value::Object(shown));
        }
        machines => {
            if let Some(cluster) = cluster {
                document.insert("providers".to_owned(), json!({ "k8s": cluster }));
            }
            let machines: Map<String, Value> = machines
                .iter()
                .map(|machine| (machine.name.to_string(), Value::Object(shown(machine))))
                .collect();
            document.insert("machines".to_owned(), Value::Object(machines));
        }
    }
    transitions(config, &mut document);
    Value::Object(document)
}

fn transitions(config: &Config, document: &mut Map<String, Value>) {
    let all = &config.transitions;
    let moved = all.moved.iter();
    let moved = moved.map(|one| json!({ "from": one.from, "to": one.to }));
    let removed = all.removed.iter();
    let removed = removed.map(|one| json!({ "from": one.from, "destroy": one.destroy }));
    let imports = all.imports.iter();
    let imports = imports.map(|one| json!({ "to": one.to, "id": one.id }));
    let lists: [(&str, Vec<Value>); 3] = [
        ("moved", moved.collect()),
        ("removed", removed.collect()),
        ("import", imports.collect()),
    ];
    for (key, list) in lists {
        if !list.is_empty() {
            document.insert(key.to_owned(), Value::Array(list));
        }
    }
}

/// An entry of a list of extensions: its name, and more where there is more to say.
fn listed_extension(extension: &ExtensionRef) -> Value {
    let Some(tools) = &extension.tools else {
        return json!(extension.name);
    };
    let tools: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    json!({ "name": extension.name, "with": { "tools": tools } })
}

/// One machine as an entry of `machines`.
fn shown(machine: &Machine) -> Map<String, Value> {
    let mut entry = Map::new();
    let mut set = |key: &str, value: Value| {
        if !value.is_null() {
            entry.insert(key.to_owned(), value);
        }
    };
    set("provider", json!(machine.provider));
    set("distro", json!(machine.distro));
    if let Some(image) = &machine.image {
        let (key, value) = shown_image(image);
        set(key, value);
    }
    if let Some(build) = &machine.build {
        set(
            "buildFromSource",
            dense(json!({ "enabled": true, "gitRef": build.git_ref })),
        );
    }
    set(
        "resources",
        dense(json!({
            "cpus": machine.cpus,
            "memory": machine.memory,
            "gpu": machine.gpu.as_ref().map(gpu),
        })),
    );
    let volumes: Map<String, Value> = machine
        .volumes
        .iter()
        .map(|volume| {
            let shown = dense(json!({ "path": volume.path, "size": volume.size }));
            (volume.name.to_string(), shown)
        })
        .collect();
    set("volumes", Value::Object(volumes));
    let extensions = &machine.extensions;
    let names: Vec<Value> = extensions.names.iter().map(listed_extension).collect();
    let listed = if extensions.profile.is_some() {
        "additional"
    } else {
        "active"
    };
    set(
        "extensions",
        dense(json!({
            "profile": extensions.profile.as_ref().map(|profile| &profile.name),
            listed: names,
            "autoInstall": extensions.auto_install,
            "onIncompatible": extensions.on_incompatible,
        })),
    );
    set("secrets", machine.secrets.iter().map(secret).collect());
    set(
        "providers",
        json!({ machine.provider.as_str(): settings(machine) }),
    );
    set(
        "lifecycle",
        json!({
            "preventDestroy": machine.lifecycle.prevent_destroy,
            "ignoreChanges": machine.lifecycle.ignore_changes,
            "createBeforeDestroy": machine.lifecycle.create_before_destroy,
        }),
    );
    if !machine.depends_on.is_empty() {
        set("dependsOn", json!(machine.depends_on));
    }
    if !machine.ca_certificates.is_empty() {
        set("caCertificates", json!(machine.ca_certificates));
    }
    let outbound = &machine.outbound;
    if !outbound.mirrors.is_empty() {
        set("mirrors", json!(outbound.mirrors));
    }
    if outbound.proxy.is_some() || !outbound.no_proxy.is_empty() {
        let network = json!({ "proxy": outbound.proxy, "noProxy": outbound.no_proxy });
        set("network", dense(network));
    }
    entry
}

/// An object without its null members.
fn dense(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.retain(|_, member| !member.is_null());
    }
    value
}

fn shown_image(image: &Image) -> (&'static str, Value) {
    let plain = image.choice.is_none()
        && image.pull == crate::resource::PullPolicy::default()
        && image.verification == super::Verification::default();
    if plain {
        return ("image", json!(image.reference));
    }
    let reference = image.reference.as_str();
    let (registry, digest) = match reference.split_once('@') {
        Some((registry, digest)) => (registry, Some(digest)),
        None => (reference, None),
    };
    // A colon in the last part starts a tag; elsewhere it starts a port.
    let (registry, tag) = match registry.rsplit_once(':') {
        Some((registry, tag)) if digest.is_none() && !tag.contains('/') => (registry, Some(tag)),
        _ => (registry, None),
    };
    let choice = image.choice.as_ref();
    let value = dense(json!({
        "registry": registry,
        "digest": digest,
        "tag_override": tag,
        "version": choice.and_then(|choice| choice.version.as_ref()),
        "resolution_strategy": choice.map(|choice| choice.strategy),
        "allow_prerelease": choice.map(|choice| choice.allow_prerelease),
        "verify_signature": image.verification.signature,
        "verify_provenance": image.verification.provenance,
        "certificate_identity": image.verification.certificate_identity,
        "certificate_oidc_issuer": image.verification.certificate_oidc_issuer,
        "pull_policy": image.pull,
    }));
    ("image_config", value)
}

fn gpu(gpu: &Gpu) -> Value {
    dense(json!({
        "enabled": true,
        "type": gpu.vendor,
        "count": gpu.count,
        "tier": gpu.tier,
        "memory": gpu.memory,
    }))
}

fn secret(secret: &Secret) -> Value {
    let mut shown = json!({
        "name": secret.name,
        "source": secret.source.as_str(),
        "required": secret.required,
    });
    match &secret.source {
        SecretSource::Env { from_file } => shown["fromFile"] = json!(from_file),
        SecretSource::File { path } => shown["path"] = json!(path),
        SecretSource::Vault { path, key, mount } => {
            shown["vaultPath"] = json!(path);
            shown["vaultKey"] = json!(key);
            shown["vaultMount"] = json!(mount);
        }
        SecretSource::S3 { path } => shown["s3Path"] = json!(path),
    }
    if let Some(target) = &secret.target {
        shown["mountPath"] = json!(target.path);
        shown["permissions"] = json!(target.mode);
    }
    dense(shown)
}

/// A provider's settings in the words of its section.
fn settings(machine: &Machine) -> Value {
    let kind = machine.gpu.as_ref().and_then(|gpu| gpu.kind.as_ref());
    let shown = match &*machine.settings {
        ProviderSettings::Local(local) => json!({
            "hostPackages": local.host_packages,
            "wholeHost": local.whole_host,
        }),
        ProviderSettings::Docker(docker) => self::docker(docker),
        ProviderSettings::Fly(fly) => with(json!(fly), "gpuKind", json!(kind)),
        ProviderSettings::Kubernetes(kubernetes) => {
            let mut shown = json!(kubernetes);
            enable(&mut shown, "ingress");
            shown
        }
        ProviderSettings::E2b(e2b) => json!(e2b),
        ProviderSettings::Devpod(devpod) => {
            let (word, options) = backend(&devpod.backend);
            json!({ "type": word, word: options, "buildRepository": devpod.build_repository })
        }
        ProviderSettings::Runpod(runpod) => with(json!(runpod), "gpuTypeId", json!(kind)),
        ProviderSettings::Northflank(northflank) => {
            let mut shown = with(json!(northflank), "gpuType", json!(kind));
            enable(&mut shown, "autoScaling");
            shown
        }
    };
    dense(shown)
}

fn with(mut value: Value, key: &str, member: Value) -> Value {
    value[key] = member;
    value
}

/// A section that is there was enabled.
fn enable(value: &mut Value, key: &str) {
    if let Some(section) = value.get_mut(key).filter(|section| section.is_object()) {
        section["enabled"] = json!(true);
    }
}

fn docker(docker: &DockerSettings) -> Value {
    let mut shown = json!({
        "network": docker.network,
        "restart": docker.restart,
        "ports": docker.ports.iter().map(port).collect::<Vec<String>>(),
        "privileged": docker.privileged,
        "extraHosts": docker.extra_hosts,
        "runtime": docker.runtime,
        "dind": docker.dind,
    });
    enable(&mut shown, "dind");
    shown
}

fn port(port: &PortMapping) -> String {
    let address = match &port.address {
        Some(address) if address.contains(':') => format!("[{address}]:"),
        Some(address) => format!("{address}:"),
        None => String::new(),
    };
    let protocol = match port.protocol {
        Protocol::Tcp => "",
        Protocol::Udp => "/udp",
    };
    format!("{address}{}:{}{protocol}", port.host, port.container)
}

fn backend(backend: &DevpodBackend) -> (&'static str, Value) {
    match backend {
        DevpodBackend::Aws(options) => ("aws", json!(options)),
        DevpodBackend::Gcp(options) => ("gcp", json!(options)),
        DevpodBackend::Azure(options) => ("azure", json!(options)),
        DevpodBackend::DigitalOcean(options) => ("digitalocean", json!(options)),
        DevpodBackend::Kubernetes(options) => ("kubernetes", json!(options)),
        DevpodBackend::Ssh(options) => ("ssh", json!(options)),
        DevpodBackend::Docker(options) => ("docker", json!(options)),
    }
}

fn state_store(state: &StateStore) -> Value {
    match state {
        StateStore::Local { path } => dense(json!({ "store": "local", "path": path })),
        StateStore::Object {
            protocol,
            bucket,
            prefix,
            endpoint,
            region,
        } => dense(json!({
            "store": "object",
            "protocol": match protocol {
                ObjectProtocol::S3 => "s3",
                ObjectProtocol::Gcs => "gcs",
                ObjectProtocol::Azure => "azure",
            },
            "bucket": bucket,
            "prefix": (!prefix.is_empty()).then_some(prefix),
            "endpoint": endpoint,
            "region": region,
        })),
        StateStore::Http {
            address,
            lock_address,
            unlock_address,
            lock_method,
            unlock_method,
        } => dense(json!({
            "store": "http",
            "address": address,
            "lockAddress": lock_address,
            "unlockAddress": unlock_address,
            "lockMethod": lock_method,
            "unlockMethod": unlock_method,
        })),
        StateStore::Postgres { address, schema } => dense(json!({
            "store": "postgres",
            "address": address,
            "schema": schema,
        })),
    }
}

fn local_cluster(cluster: &super::LocalCluster) -> Value {
    let own = dense(json!({ "image": cluster.image, "configFile": cluster.config_file }));
    let registry = cluster
        .registry
        .as_ref()
        .map(|registry| json!({ "enabled": true, "name": registry.name, "port": registry.port }));
    let (kind, k3d) = match cluster.provider {
        super::LocalClusterKind::Kind => (Some(own), None),
        super::LocalClusterKind::K3d => (
            None,
            Some(dense(
                json!({ "image": cluster.image, "registry": registry }),
            )),
        ),
    };
    dense(json!({
        "provider": cluster.provider,
        "clusterName": cluster.cluster_name,
        "version": cluster.version,
        "nodes": cluster.nodes,
        "kind": kind,
        "k3d": k3d,
    }))
}

/// A disk in whole GB, as v3's fields want it.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
pub(super) fn gigabytes<S: serde::Serializer>(
    size: &Size,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match size.as_bytes() {
        bytes if bytes.is_multiple_of(1 << 30) => serializer.serialize_u64(bytes >> 30),
        _ => serializer.collect_str(size),
    }
}
