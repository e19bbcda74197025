//! Extension and profile manifests, compatibility, dependency resolution.
