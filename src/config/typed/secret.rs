//! `secrets`: where values come from; never the values.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::name::SecretName;
use super::path::AbsolutePath;
use super::scalar::{At, loose};
use super::section::{Definitions, Typed, section, shorten};
use super::word::SourceKind;
use crate::config::Secret;
use crate::config::code;
use crate::config::reading::Reading;
use crate::config::tree::{Node, Span};
use crate::resource::{FileTarget, SecretSource};

section! {
    /// A secret delivered to the machine.
    SecretFields in "secrets[]" {
        /// The name, which is that of the environment variable.
        "name" => name: Option<At<SecretName>> = None, required;
        /// Where the value comes from.
        "source" => source: Option<At<SourceKind>> = None, required;
        /// Whether apply refuses to go on without a value.
        "required" => required: bool = false;
        /// `env`: a last file to look in, after the shell, `.env.local` and `.env`.
        "fromFile" => from_file: Option<At<String>> = None;
        /// `file`: the file, relative to the configuration.
        "path" => path: Option<At<String>> = None;
        /// `file`: an absolute path at which the secret also appears in the machine.
        "mountPath" => mount_path: Option<At<AbsolutePath>> = None;
        /// `file`: the permissions at `mountPath`.
        "permissions" => permissions: Option<At<Permissions>> = None;
        /// `vault`: the secret's path.
        "vaultPath" => vault_path: Option<At<String>> = None;
        /// `vault`: the key within the secret.
        "vaultKey" => vault_key: Option<At<String>> = None;
        /// `vault`: the mount of the key-value engine; `secret` where absent.
        "vaultMount" => vault_mount: Option<At<String>> = None;
        /// `s3`: the encrypted object's path.
        "s3Path" => s3_path: Option<At<String>> = None;
    }
}

/// The permissions of a secret's file where none are written: nobody but its owner.
const MODE: &str = "0600";

/// File permissions, as four octal digits.
#[derive(Clone, Debug)]
pub(in crate::config) struct Permissions(String);

impl Typed for Permissions {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let text = loose(node, reading)?;
        let octal = |b: u8| (b'0'..=b'7').contains(&b);
        if text.len() == 4 && text.starts_with('0') && text.bytes().all(octal) {
            return Some(Self(text.to_owned()));
        }
        let summary = format!("`{}` are no file permissions", shorten(text));
        let help = "write four octal digits, such as `\"0600\"`";
        reading.error(node.span, code::INVALID_VALUE, summary, help);
        None
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": "^0[0-7]{3}$", "default": MODE })
    }
}

/// The secrets of a machine.
#[derive(Debug)]
pub(in crate::config) struct Secrets(pub(in crate::config) Arc<[Secret]>);

impl Typed for Secrets {
    fn decode(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<Self> {
        let listed = Vec::<At<SecretFields>>::decode(node, reading)?;
        let mut secrets: Vec<Secret> = Vec::new();
        for At { value, span } in listed {
            let name_span = value.name.as_ref().map_or(span, |name| name.span);
            if let Some(secret) = secret(value, span, reading) {
                if secrets.iter().any(|other| other.name == secret.name) {
                    let summary = format!("the secret `{}` is written twice", secret.name);
                    reading.error(name_span, code::DUPLICATE_NAME, summary, "keep one of them");
                }
                secrets.push(secret);
            }
        }
        Some(Self(secrets.into()))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "type": ["array", "null"], "items": SecretFields::schema(definitions) })
    }
}

fn secret(fields: SecretFields, span: Span, reading: &mut Reading<'_>) -> Option<Secret> {
    let kind = fields.source.as_ref()?.value;
    warn_of_others(&fields, kind, reading);
    let mut need = |value: Option<At<String>>, key: &str, word: &str| {
        if value.is_none() {
            let summary = format!("a secret with `source: {word}` needs `{key}`");
            reading.error(
                span,
                code::MISSING_FIELD,
                summary,
                format!("add `{key}: …`"),
            );
        }
        value.map(|at| at.value)
    };
    let source = match kind {
        SourceKind::Env => Some(SecretSource::Env {
            from_file: fields.from_file.map(|at| at.value),
        }),
        SourceKind::File => {
            need(fields.path, "path", "file").map(|path| SecretSource::File { path })
        }
        SourceKind::Vault => {
            let path = need(fields.vault_path, "vaultPath", "vault");
            let key = need(fields.vault_key, "vaultKey", "vault");
            let mount = fields
                .vault_mount
                .map_or("secret".to_owned(), |at| at.value);
            path.zip(key)
                .map(|(path, key)| SecretSource::Vault { path, key, mount })
        }
        SourceKind::S3 => {
            need(fields.s3_path, "s3Path", "s3").map(|path| SecretSource::S3 { path })
        }
    };
    Some(Secret {
        name: fields.name?.value.0,
        source: source?,
        required: fields.required,
        target: fields.mount_path.map(|path| FileTarget {
            path: path.value.0,
            mode: fields.permissions.map_or(MODE.to_owned(), |at| at.value.0),
        }),
        place: Some(reading.place(span)),
    })
}

/// Warns of fields that belong to another source.
fn warn_of_others(fields: &SecretFields, kind: SourceKind, reading: &mut Reading<'_>) {
    fn at<T>(field: Option<&At<T>>) -> Option<Span> {
        field.map(|at| at.span)
    }
    use SourceKind::{Env, File, S3, Vault};
    let owned = [
        ("fromFile", Env, at(fields.from_file.as_ref())),
        ("path", File, at(fields.path.as_ref())),
        ("mountPath", File, at(fields.mount_path.as_ref())),
        ("permissions", File, at(fields.permissions.as_ref())),
        ("vaultPath", Vault, at(fields.vault_path.as_ref())),
        ("vaultKey", Vault, at(fields.vault_key.as_ref())),
        ("vaultMount", Vault, at(fields.vault_mount.as_ref())),
        ("s3Path", S3, at(fields.s3_path.as_ref())),
    ];
    for (key, owner, span) in owned {
        if let Some(span) = span.filter(|_| owner != kind) {
            let word = owner.to_json();
            let word = word.as_str().unwrap_or_default();
            let summary = format!("`{key}` has no effect with this source");
            let help = format!("it belongs to `source: {word}`");
            reading.warning(span, code::NO_EFFECT, summary, help);
        }
    }
}
