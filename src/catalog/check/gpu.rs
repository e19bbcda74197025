//! GPUs: needed or recommended, there or not, for sale or not.

use super::obstacle::Finding;
use crate::catalog::ground::{GPUS_ELSEWHERE, Ground, no_gpus};
use crate::catalog::manifest::{GpuNeed, Manifest, Need};
use crate::diagnostic::{Code, Diagnostic};
use crate::resource::GpuVendor;

pub(super) fn gpu(manifest: &Manifest, ground: &Ground) -> Option<Finding> {
    let any = GpuNeed {
        required: true,
        vendor: None,
        count: 1,
        memory: None,
        cuda: None,
    };
    let listed = manifest.requirements.needs.contains(&Need::Gpu);
    let need = match &manifest.requirements.gpu {
        Some(need) if listed => &GpuNeed {
            required: true,
            ..need.clone()
        },
        Some(need) => need,
        None if listed => &any,
        None => return None,
    };
    let what = wanted(need);
    let there = there(need, ground)?;
    let name = &manifest.name;
    let code = Code::new("catalog::gpu-needed");
    let mut diagnostic = if need.required {
        Diagnostic::error(
            code,
            format!("`{name}` needs {what}; the machine has {there}"),
        )
        .allowable()
    } else {
        Diagnostic::warning(
            Code::new("catalog::gpu-recommended"),
            format!("`{name}` is slow without {what}; the machine has {there}"),
        )
    };
    let mut instead = None;
    if let Some(reason) = no_gpus(ground.provider) {
        instead = Some(
            manifest
                .compatibility
                .alternatives
                .get(&ground.provider)
                .map_or_else(|| GPUS_ELSEWHERE.to_owned(), Clone::clone),
        );
        diagnostic = diagnostic.because(reason);
    }
    let help = instead
        .clone()
        .unwrap_or_else(|| "set `deployment.resources.gpu`, or drop the extension".to_owned());
    Some(Finding {
        reason: match no_gpus(ground.provider) {
            Some(reason) => format!("it needs {what}, and {reason}"),
            None => format!("it needs {what}; the machine has {there}"),
        },
        instead,
        diagnostic: diagnostic.help(help),
    })
}

/// What the machine has instead of what is needed; none where it has that.
fn there(need: &GpuNeed, ground: &Ground) -> Option<String> {
    let other_vendor = match (need.vendor, ground.gpu_vendor) {
        (Some(wanted), Some(there)) => wanted != there,
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    let small = match (need.memory, ground.gpu_memory) {
        (Some(wanted), Some(there)) => there < wanted,
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    match ground.gpus {
        0 => Some("none".to_owned()),
        count if other_vendor => Some(format!("{count} of another make")),
        count if count < need.count => Some(count.to_string()),
        count if small => Some(format!("{count} of less memory")),
        _ => None,
    }
}

fn wanted(need: &GpuNeed) -> String {
    let memory = match need.memory {
        Some(size) => format!(" of {size}"),
        None => String::new(),
    };
    match (need.count, need.vendor) {
        (1, None) => format!("a GPU{memory}"),
        (1, Some(GpuVendor::Nvidia)) => format!("an NVIDIA GPU{memory}"),
        (1, Some(GpuVendor::Amd)) => format!("an AMD GPU{memory}"),
        (count, None) => format!("{count} GPUs{memory}"),
        (count, Some(GpuVendor::Nvidia)) => format!("{count} NVIDIA GPUs{memory}"),
        (count, Some(GpuVendor::Amd)) => format!("{count} AMD GPUs{memory}"),
    }
}
