//! Secrets: resolve, fingerprint, never print.
