//! `providers.runpod` and `providers.northflank`.

use super::path::AbsolutePath;
use super::providers::{Choice, GpuChoice, Settle};
use super::scalar::{At, Gigabytes, Port, Price, Whole};
use super::section::section;
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::{
    AutoScaling, CloudType, HealthCheck, HealthProbe, NorthflankPort, NorthflankProtocol,
    NorthflankSettings, ProviderSettings, RunpodSettings,
};
use crate::resource::Size;

section! {
    /// Settings of the `runpod` provider.
    Runpod in "providers.runpod" {
        /// The GPU kind by RunPod's name; asks for a GPU and wins over `resources.gpu.tier`.
        "gpuTypeId" | "gpuType" => gpu_type: Option<At<String>> = None;
        /// How many GPUs.
        "gpuCount" => gpu_count: Option<Whole<1, 8>> = None;
        /// The container's disk, in GB.
        "containerDiskGb" => container_disk: Gigabytes = Gigabytes(Size::gib(20));
        /// The volume's size, in GB.
        "volumeSizeGb" => volume_size: Gigabytes = Gigabytes(Size::gib(50));
        /// Where the volume is mounted.
        "volumeMountPath" => volume_mount_path: AbsolutePath = AbsolutePath("/workspace".to_owned());
        /// An existing network volume.
        "networkVolumeId" => network_volume_id: Option<String> = None;
        /// Whose machines: data centres or anyone's.
        "cloudType" => cloud_type: CloudType = CloudType::default();
        /// The region; any where absent.
        "region" => region: Option<String> = None;
        /// Exposed ports.
        "exposePorts" | "ports" => expose_ports: Vec<Port<1>> = Vec::new();
        /// Whether an interruptible pod is wanted; a bid says so too.
        "spot" => spot: Option<bool> = None;
        /// The highest bid per GPU and hour, in US dollars; 0 for none.
        "spotBid" => spot_bid: Price = Price(0.0);
        /// Whether ssh is started.
        "startSsh" => start_ssh: bool = true;
        /// Whether a public address is asked for.
        "publicIp" => public_ip: bool = false;
        /// Whether the pod has no GPU.
        "cpuOnly" => cpu_only: bool = false;
        /// The kind of a pod without GPU.
        "cpuInstanceId" => cpu_instance_id: Option<String> = None;
        /// A template.
        "templateId" => template_id: Option<String> = None;
    }
}

impl Settle for Runpod {
    fn settle(self, reading: &mut Reading<'_>) -> Option<Choice> {
        let bid = Some(self.spot_bid.0).filter(|bid| *bid > 0.0);
        if let (true, Some(gpu)) = (self.cpu_only, &self.gpu_type) {
            let summary = "`cpuOnly` and a GPU kind exclude each other";
            reading.error(gpu.span, code::CONFLICT, summary, "keep one of them");
        }
        let mut choice = Choice::of(ProviderSettings::Runpod(RunpodSettings {
            container_disk: self.container_disk.0,
            volume_size: self.volume_size.0,
            volume_mount_path: self.volume_mount_path.0,
            network_volume_id: self.network_volume_id,
            cloud_type: self.cloud_type,
            region: self.region,
            expose_ports: self.expose_ports.into_iter().map(|port| port.0).collect(),
            spot: self.spot.unwrap_or(bid.is_some()),
            spot_bid: bid,
            start_ssh: self.start_ssh,
            public_ip: self.public_ip,
            cpu_only: self.cpu_only,
            cpu_instance_id: self.cpu_instance_id,
            template_id: self.template_id,
        }));
        choice.gpu = gpu(self.gpu_type, self.gpu_count);
        Some(choice)
    }
}

fn gpu<const MAX: u32>(
    kind: Option<At<String>>,
    count: Option<Whole<1, MAX>>,
) -> Option<GpuChoice> {
    kind.map(|kind| GpuChoice {
        kind: kind.value,
        count: count.map(|count| count.0),
        span: kind.span,
    })
}

section! {
    /// Settings of the `northflank` provider.
    Northflank in "providers.northflank" {
        /// The project.
        "projectName" => project_name: Option<String> = None, required;
        /// The service; the machine's name where absent.
        "serviceName" => service_name: Option<String> = None;
        /// The plan.
        "computePlan" => compute_plan: String = "nf-compute-50".to_owned();
        /// The GPU kind by Northflank's name; asks for a GPU and wins over `resources.gpu.tier`.
        "gpuType" => gpu_type: Option<At<String>> = None;
        /// How many GPUs.
        "gpuCount" => gpu_count: Option<Whole<1, 8>> = None;
        /// How many instances.
        "instances" => instances: Whole<0, 50> = Whole(1);
        /// The volume's size, in GB.
        "volumeSizeGb" => volume_size: Gigabytes = Gigabytes(Size::gib(10));
        /// Where the volume is mounted.
        "volumeMountPath" => volume_mount_path: AbsolutePath = AbsolutePath("/workspace".to_owned());
        /// The region; the project's where absent.
        "region" => region: Option<String> = None;
        /// The name of the credentials for a private registry.
        "registryCredentials" => registry_credentials: Option<String> = None;
        /// Ports.
        "ports" => ports: Vec<At<PortFields>> = Vec::new();
        /// How its health is asked for.
        "healthCheck" => health_check: Option<At<HealthFields>> = None;
        /// How it scales.
        "autoScaling" => auto_scaling: Option<At<ScalingFields>> = None;
    }
}

section! {
    /// A port of a Northflank service.
    PortFields in "providers.northflank.ports[]" {
        /// Its name.
        "name" => name: Option<String> = None, required;
        /// The container's port.
        "internalPort" => internal_port: Option<Port<1>> = None, required;
        /// Whether it is public.
        "public" => public: bool = false;
        /// The protocol.
        "protocol" => protocol: NorthflankProtocol = NorthflankProtocol::default();
    }
}

section! {
    /// How a service's health is asked for.
    HealthFields in "providers.northflank.healthCheck" {
        /// What is asked.
        "type" => probe: HealthProbe = HealthProbe::default();
        /// The path of an HTTP request.
        "path" => path: Option<String> = None;
        /// The port.
        "port" => port: Option<Port<1>> = None;
        /// The command.
        "command" => command: Option<String> = None;
        /// The delay before the first, in seconds.
        "initialDelaySeconds" => initial_delay: Whole<0, 3600> = Whole(10);
        /// The time between two, in seconds.
        "periodSeconds" => period: Whole<1, 3600> = Whole(15);
        /// How many failures count as one.
        "failureThreshold" => failures: Whole<1, 100> = Whole(3);
    }
}

section! {
    /// How a service scales.
    ScalingFields in "providers.northflank.autoScaling" {
        /// Whether it scales; without `true` the other fields have no effect.
        "enabled" => enabled: Option<bool> = None;
        /// The fewest instances.
        "minInstances" => least: Whole<0, 50> = Whole(1);
        /// The most instances.
        "maxInstances" => most: Whole<1, 50> = Whole(3);
        /// The processor load aimed at, in percent.
        "targetCpuUtilization" => cpu: Whole<1, 100> = Whole(70);
        /// The memory load aimed at, in percent.
        "targetMemoryUtilization" => memory: Whole<1, 100> = Whole(80);
    }
}

impl Settle for Northflank {
    fn settle(self, reading: &mut Reading<'_>) -> Option<Choice> {
        let ports = self.ports.into_iter().filter_map(|port| {
            Some(NorthflankPort {
                name: port.value.name?,
                internal_port: port.value.internal_port?.0,
                public: port.value.public,
                protocol: port.value.protocol,
            })
        });
        let mut choice = Choice::of(ProviderSettings::Northflank(NorthflankSettings {
            project_name: self.project_name?,
            service_name: self.service_name,
            compute_plan: self.compute_plan,
            instances: self.instances.0,
            volume_size: self.volume_size.0,
            volume_mount_path: self.volume_mount_path.0,
            region: self.region,
            registry_credentials: self.registry_credentials,
            ports: ports.collect(),
            health_check: self.health_check.map(|health| HealthCheck {
                probe: health.value.probe,
                path: health.value.path,
                port: health.value.port.map(|port| port.0),
                command: health.value.command,
                initial_delay_seconds: health.value.initial_delay.0,
                period_seconds: health.value.period.0,
                failure_threshold: health.value.failures.0,
            }),
            auto_scaling: self
                .auto_scaling
                .and_then(|scaling| scale(&scaling, reading)),
        }));
        choice.gpu = gpu(self.gpu_type, self.gpu_count);
        Some(choice)
    }
}

fn scale(scaling: &At<ScalingFields>, reading: &mut Reading<'_>) -> Option<AutoScaling> {
    let At { value, span } = scaling;
    if value.enabled.is_none() {
        let summary = "`autoScaling` has no effect without `enabled: true`";
        reading.warning(*span, code::NO_EFFECT, summary, "add `enabled: true`");
    }
    if value.least.0 > value.most.0 {
        let summary = "`minInstances` is larger than `maxInstances`";
        reading.error(*span, code::INVALID_VALUE, summary, "swap them");
    }
    value.enabled.unwrap_or(false).then_some(AutoScaling {
        min_instances: value.least.0,
        max_instances: value.most.0,
        target_cpu_utilization: value.cpu.0,
        target_memory_utilization: value.memory.0,
    })
}
