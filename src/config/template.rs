//! The text `sindri config init` writes.

use std::fmt::Write;

use crate::address::Name;
use crate::resource::ProviderKind;

/// What goes into a new file.
#[derive(Clone, Debug)]
pub struct TemplateOptions {
    /// The project's name.
    pub name: Name,
    /// Where its machine lives.
    pub provider: ProviderKind,
    /// The profile, if one is chosen.
    pub profile: Option<Name>,
    /// Where the editor finds the schema: a path relative to the file, written beside it, so that
    /// it works offline and matches the program that wrote it.
    pub schema: String,
}

impl TemplateOptions {
    /// The schema's place beside the state: `.sindri/` is there anyway.
    pub const SCHEMA: &'static str = ".sindri/sindri.schema.json";
}

/// Writes a new `sindri.yaml`, valid as it stands.
pub fn template(options: &TemplateOptions) -> String {
    let TemplateOptions {
        name,
        provider,
        profile,
        schema,
    } = options;
    let mut text = format!(
        "\
# yaml-language-server: $schema={schema}
#
# What this environment shall be. `sindri plan` says what would change, `sindri apply` makes it so.

version: \"3.0\"
name: {name}

deployment:
  provider: {provider}
"
    );
    if *provider != ProviderKind::Local {
        text.push_str(RESOURCES);
    }
    text.push_str(EXTENSIONS);
    // Writing to a String can't fail.
    let _ = match profile {
        Some(profile) => writeln!(
            text,
            "  profile: {profile}\n  # additional: [tmux-workspace]"
        ),
        None => writeln!(text, "  active: []\n  # profile: minimal"),
    };
    text.push_str(settings(*provider));
    text.push_str(REST);
    text
}

const RESOURCES: &str = "  \
  resources:
    cpus: 2
    memory: 4GB             # or both by name, `size: standard`: minimal, standard, performance
    # gpu:
    #   enabled: true
    #   tier: gpu-small     # gpu-small, gpu-medium, gpu-large, gpu-xlarge
  # volumes:                # one `workspace` of 10GB where nothing is written
  #   workspace:
  #     size: 20GB
";

const EXTENSIONS: &str = "
# What is installed in it: a profile with additions, or a list of extensions.
extensions:
";

const REST: &str = "
# Values stay where they are: only their names and sources are written here.
# secrets:
#   - name: API_TOKEN
#     source: env           # env, file, vault, s3
#     required: true

# lifecycle:
#   preventDestroy: true

# A fleet: each entry is laid over the rest of the file; `count: 3` makes three of it.
# machines:
#   web:
#     count: 3
#   db:
#     resources: { memory: 8GB }
";

/// The provider's own settings: what it needs is written, the rest is a comment.
fn settings(provider: ProviderKind) -> &'static str {
    match provider {
        ProviderKind::Local => {
            "
# providers:
#   local:
#     hostPackages: true    # let apt install packages on this host
#     wholeHost: true       # the machine is this very host, with your own home
"
        }
        ProviderKind::Docker => {
            "
providers:
  docker:
    restart: unless-stopped
    # ports: [\"127.0.0.1:8080:3000\"]
    # dind: { enabled: true, mode: auto }
"
        }
        ProviderKind::Fly => {
            "
providers:
  fly:
    region: sjc
    # organization: personal
    # cpuKind: performance  # dedicated processors; `shared` where nothing is written
"
        }
        ProviderKind::Kubernetes => {
            "
providers:
  kubernetes:
    namespace: default
    # storageClass: standard
    # ingress: { enabled: true, hostname: dev.example.com }
"
        }
        ProviderKind::E2b => {
            "
providers:
  e2b:
    timeout: 300            # seconds
    # allowedDomains: [example.com]
"
        }
        ProviderKind::Devpod => {
            "
providers:
  devpod:
    type: docker            # aws, gcp, azure, digitalocean, kubernetes, ssh, docker
"
        }
        ProviderKind::Runpod => {
            "
providers:
  runpod:
    cloudType: COMMUNITY    # or SECURE
    # gpuTypeId: NVIDIA A40
"
        }
        ProviderKind::Northflank => {
            "
providers:
  northflank:
    projectName: sindri
    computePlan: nf-compute-50
"
        }
    }
}
