//! `providers.fly`, `providers.kubernetes`, `providers.e2b`.

use std::collections::BTreeMap;

use super::providers::{Choice, GpuChoice, Settle};
use super::scalar::{At, Port, Whole};
use super::section::section;
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::{
    CpuKind, E2bSettings, FlySettings, Ingress, KubernetesSettings, ProviderSettings,
};
use crate::resource::Size;

section! {
    /// Settings of the `fly` provider: Fly.io Machines.
    Fly in "providers.fly" {
        /// The region.
        "region" => region: String = "sjc".to_owned();
        /// Whether an idle machine stops.
        "autoStopMachines" => auto_stop_machines: bool = true;
        /// Whether a connection starts a stopped machine.
        "autoStartMachines" => auto_start_machines: bool = true;
        /// Shared or dedicated processors.
        "cpuKind" => cpu_kind: CpuKind = CpuKind::default();
        /// The public port of ssh.
        "sshPort" => ssh_port: Port<1024> = Port(10022);
        /// The organization; the token's default where absent.
        "organization" => organization: Option<String> = None;
        /// Whether a second machine, `<machine>-standby`, stands by on another host, with a volume and a port of its own.
        "highAvailability" => high_availability: bool = false;
        /// Swap; a machine that has some stops when idle, since it can't fall asleep.
        "swap" => swap: Option<Size> = None;
        /// The GPU kind by Fly's name, such as `a100-40gb`; asks for a GPU and wins over `resources.gpu.tier`.
        "gpuKind" => gpu_kind: Option<At<String>> = None;
    }
}

impl Settle for Fly {
    fn settle(self, _: &mut Reading<'_>) -> Option<Choice> {
        let mut choice = Choice::of(ProviderSettings::Fly(FlySettings {
            region: self.region,
            auto_stop_machines: self.auto_stop_machines,
            auto_start_machines: self.auto_start_machines,
            cpu_kind: self.cpu_kind,
            ssh_port: self.ssh_port.0,
            organization: self.organization,
            high_availability: self.high_availability,
            swap: self.swap,
        }));
        choice.gpu = self.gpu_kind.map(|kind| GpuChoice {
            kind: kind.value,
            count: None,
            span: kind.span,
        });
        Some(choice)
    }
}

section! {
    /// Settings of the `kubernetes` provider.
    Kubernetes in "providers.kubernetes" {
        /// The namespace.
        "namespace" => namespace: String = "default".to_owned();
        /// The storage class; the cluster's default where absent.
        "storageClass" => storage_class: Option<String> = None;
        /// A way in from outside the cluster.
        "ingress" => ingress: Option<At<IngressFields>> = None;
    }
}

section! {
    /// A way in from outside the cluster.
    IngressFields in "providers.kubernetes.ingress" {
        /// Whether there is one; without `true` the other fields have no effect.
        "enabled" => enabled: Option<bool> = None;
        /// The host name it answers to.
        "hostname" => hostname: Option<String> = None;
    }
}

impl Settle for Kubernetes {
    fn settle(self, reading: &mut Reading<'_>) -> Option<Choice> {
        let ingress = self.ingress.and_then(|ingress| {
            if ingress.value.enabled.is_none() {
                let summary = "`ingress` has no effect without `enabled: true`";
                reading.warning(
                    ingress.span,
                    code::NO_EFFECT,
                    summary,
                    "add `enabled: true`",
                );
            }
            ingress.value.enabled.unwrap_or(false).then_some(Ingress {
                hostname: ingress.value.hostname,
            })
        });
        Some(Choice::of(ProviderSettings::Kubernetes(
            KubernetesSettings {
                namespace: self.namespace,
                storage_class: self.storage_class,
                ingress,
            },
        )))
    }
}

section! {
    /// Settings of the `e2b` provider: E2B sandboxes.
    E2b in "providers.e2b" {
        /// The template's alias; the machine's name where absent.
        "templateAlias" => template_alias: Option<String> = None;
        /// Whether an existing template is used.
        "reuseTemplate" => reuse_template: bool = true;
        /// How long the sandbox lives without a renewal, in seconds.
        "timeout" => timeout: Whole<60, 86400> = Whole(300);
        /// Whether it pauses rather than ends.
        "autoPause" => auto_pause: bool = true;
        /// Whether a connection resumes it.
        "autoResume" => auto_resume: bool = true;
        /// Whether it reaches the internet.
        "internetAccess" => internet_access: bool = true;
        /// Domains it may reach.
        "allowedDomains" => allowed_domains: Vec<String> = Vec::new();
        /// Domains it may not reach.
        "blockedDomains" => blocked_domains: Vec<String> = Vec::new();
        /// Whether its ports are public.
        "publicAccess" => public_access: bool = false;
        /// Labels.
        "metadata" => metadata: BTreeMap<String, String> = BTreeMap::new();
        /// The team; the key's default where absent.
        "team" => team: Option<String> = None;
        /// Whether each apply builds the template anew.
        "buildOnDeploy" => build_on_deploy: bool = false;
    }
}

impl Settle for E2b {
    fn settle(self, _: &mut Reading<'_>) -> Option<Choice> {
        Some(Choice::of(ProviderSettings::E2b(E2bSettings {
            template_alias: self.template_alias,
            reuse_template: self.reuse_template,
            timeout: self.timeout.0,
            auto_pause: self.auto_pause,
            auto_resume: self.auto_resume,
            internet_access: self.internet_access,
            allowed_domains: self.allowed_domains,
            blocked_domains: self.blocked_domains,
            public_access: self.public_access,
            metadata: self.metadata,
            team: self.team,
            build_on_deploy: self.build_on_deploy,
        })))
    }
}
