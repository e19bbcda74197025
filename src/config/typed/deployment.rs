//! `deployment`: provider, image, resources, volumes.

use std::sync::Arc;

use super::scalar::{At, Loose, Whole};
use super::section::section;
use super::volume::Volumes;
use crate::config::{Distro, GpuTier, ImageStrategy, MachineSize};
use crate::resource::{GpuVendor, ProviderKind, PullPolicy, Size};

section! {
    /// What the machine is and where it lives.
    Deployment in "deployment" {
        /// Where the machine lives. `docker-compose` is another word for `docker`.
        "provider" => provider: At<ProviderKind> = At { value: ProviderKind::Local, span: crate::config::tree::Span::default() };
        /// The Linux distribution inside.
        "distro" => distro: Distro = Distro::default();
        /// The image, as `repository:tag` or `repository@sha256:…`; the provider's default for the distribution where absent.
        "image" => image: Option<At<String>> = None;
        /// How the image is found and verified, in place of `image`.
        "image_config" | "imageConfig" => image_config: Option<At<Arc<ImageFields>>> = None;
        /// Whether the image is built from Sindri's own source.
        "buildFromSource" | "build_from_source" => build: Option<At<Arc<BuildFromSource>>> = None;
        /// Processors, memory and GPUs.
        "resources" => resources: Option<Arc<Resources>> = None;
        /// Persistent storage, by name. Where absent there is one volume `workspace`; `{}` means none.
        "volumes" => volumes: Option<Arc<Volumes>> = None;
    }
}

section! {
    /// How an image is found and verified.
    ImageFields in "deployment.image_config" {
        /// The repository, without a tag.
        "registry" => registry: Option<At<String>> = None, required;
        /// The version wanted, exact or as a range such as `^3.0`.
        "version" => version: Option<At<Loose>> = None;
        /// A tag to use as it is.
        "tag_override" | "tagOverride" => tag: Option<At<Loose>> = None;
        /// The image's digest, as `sha256:…`; wins over tag and version.
        "digest" => digest: Option<At<String>> = None;
        /// How a version is chosen among the registry's tags.
        "resolution_strategy" | "resolutionStrategy" => strategy: ImageStrategy = ImageStrategy::default();
        /// Whether a prerelease may be chosen.
        "allow_prerelease" | "allowPrerelease" => allow_prerelease: bool = false;
        /// Whether the image's signature is verified.
        "verify_signature" | "verifySignature" => verify_signature: Option<bool> = None;
        /// Whether the image's provenance is verified.
        "verify_provenance" | "verifyProvenance" => verify_provenance: Option<bool> = None;
        /// When the image is pulled.
        "pull_policy" | "pullPolicy" => pull: PullPolicy = PullPolicy::default();
        /// The identity the signing certificate must carry.
        "certificate_identity" | "certificateIdentity" => certificate_identity: Option<String> = None;
        /// The issuer the signing certificate must carry.
        "certificate_oidc_issuer" | "certificateOidcIssuer" => certificate_oidc_issuer: Option<String> = None;
    }
}

section! {
    /// An image built from Sindri's own source.
    BuildFromSource in "deployment.buildFromSource" {
        /// Whether it is built.
        "enabled" => enabled: Option<bool> = None;
        /// The branch, tag or commit.
        "gitRef" | "git_ref" => git_ref: Option<Loose> = None;
    }
}

section! {
    /// Processors, memory and GPUs.
    Resources in "deployment.resources" {
        /// A named size: `minimal` is 1 processor and 1GB, `standard` 1 and 2GB, `performance` 2 and 4GB. What `cpus` and `memory` say wins over it.
        "size" => size: Option<MachineSize> = None;
        /// Memory. `MB` and `GB` mean MiB and GiB; the provider's default where absent.
        "memory" => memory: Option<Size> = None;
        /// Virtual processors; the provider's default where absent.
        "cpus" => cpus: Option<Whole<1, 1024>> = None;
        /// The GPUs.
        "gpu" => gpu: Option<At<Arc<GpuFields>>> = None;
    }
}

section! {
    /// The GPUs a machine sees.
    GpuFields in "deployment.resources.gpu" {
        /// Whether it has any; without `true` the other fields have no effect.
        "enabled" => enabled: Option<bool> = None;
        /// Who makes them.
        "type" => vendor: GpuVendor = GpuVendor::default();
        /// How many.
        "count" => count: Option<Whole<1, 8>> = None;
        /// How strong; each provider maps it to a kind. An explicit kind, such as `providers.fly.gpuKind`, wins.
        "tier" => tier: Option<GpuTier> = None;
        /// The least memory each must have.
        "memory" => memory: Option<Size> = None;
    }
}
