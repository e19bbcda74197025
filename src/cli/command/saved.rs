//! Saved plans: written, signed and encrypted; read, opened, and held against trusted keys.

use std::path::Path;

use zeroize::Zeroizing;

use crate::cli::args::ApplyArgs;
use crate::cli::session::Session;
use crate::diagnostic::{Code, Diagnose, Diagnostic, Diagnostics};
use crate::plan::PlanFile;
use crate::seal::{Kind, SealError, SigningKey, VerifyingKey, sign, split_signature};
use crate::store::Locked;
use crate::sys::files;

/// The most bytes read of a saved plan.
const PLAN_MAX: u64 = 1 << 30;

/// The most bytes read of a key.
const KEY_MAX: u64 = 64 << 10;

/// A saved plan, and what is known of the file it came from.
pub(super) struct Saved {
    pub(super) file: PlanFile,
    /// Whose signature it carries, verified; trust is another question.
    pub(super) signer: Option<VerifyingKey>,
    /// Whether the file is encrypted.
    sealed: bool,
}

/// A public key that a person trusts.
pub(super) struct Trusted {
    /// The file, as it was named.
    pub(super) name: String,
    key: VerifyingKey,
}

/// Saves a plan: signed if a key is named, encrypted if the state is.
pub(super) fn write(
    session: &Session,
    path: &Path,
    file: &PlanFile,
    sign_key: Option<&Path>,
) -> Result<(), Diagnostics> {
    let failed = |cause: String| {
        vec![
            Diagnostic::error(
                Code::new("plan::save"),
                format!("the plan couldn't be saved to `{}`", path.display()),
            )
            .because(cause),
        ]
    };
    let mut bytes = file.to_bytes().map_err(|error| failed(error.to_string()))?;
    if let Some(named) = sign_key {
        let text = Zeroizing::new(read_text(session, named)?);
        let key =
            SigningKey::from_pem(&text).map_err(|error| bad_key(named, &error.to_string()))?;
        sign(&mut bytes, &key).map_err(|error| failed(error.to_string()))?;
    }
    let form = session.store()?.form().map_err(|error| error.diagnose())?;
    let header = &file.plan.header;
    let bytes = form
        .encode(Kind::Plan, &header.lineage, header.serial, bytes)
        .map_err(|error| failed(error.to_string()))?;
    files::write_atomic(&session.path(path), &bytes, 0o600, true)
        .map_err(|error| failed(error.to_string()))
}

/// Reads a saved plan, opens it and verifies its signature.
pub(super) fn read(session: &Session, path: &Path) -> Result<Saved, Diagnostics> {
    let found = session.path(path);
    let bytes = files::read_limited(&found, PLAN_MAX).map_err(|error| {
        vec![
            Diagnostic::error(
                Code::new("plan::file"),
                format!("the saved plan `{}` can't be read", path.display()),
            )
            .because(error.to_string()),
        ]
    })?;
    let opened = session
        .sealing()
        .open(path, Kind::Plan, &bytes)
        .map_err(|error| error.diagnose())?;
    let signed = split_signature(&opened.bytes).map_err(|error| {
        // Bytes that are no plan at all aren't a plan with a broken signature.
        match PlanFile::from_bytes(&opened.bytes) {
            Err(no_plan) if !opened.bytes.starts_with(b"{\"sindri_plan\"") => no_plan.diagnose(),
            Ok(_) | Err(_) => vec![
                Diagnostic::error(Code::new("plan::signature"), error.to_string())
                    .help("somebody changed it since: review it anew, and sign it anew"),
            ],
        }
    })?;
    let file = PlanFile::from_bytes(signed.plan).map_err(|error| error.diagnose())?;
    let header = &file.plan.header;
    if let Some((lineage, serial)) = &opened.origin {
        let swapped = if *lineage != header.lineage {
            Some(SealError::OtherLineage {
                wanted: lineage.clone(),
                found: header.lineage.clone(),
            })
        } else if *serial != header.serial {
            Some(SealError::OtherSerial {
                wanted: *serial,
                found: header.serial,
            })
        } else {
            None
        };
        if let Some(error) = swapped {
            return Err(error.diagnose());
        }
    }
    Ok(Saved {
        signer: signed.signature.map(|signature| signature.signer),
        file,
        sealed: opened.origin.is_some(),
    })
}

/// Refuses a plan that nobody trusted has signed, where that is asked for.
pub(super) fn require_signature(
    session: &Session,
    args: &ApplyArgs,
    saved: &Saved,
) -> Result<(), Diagnostics> {
    if !args.require_signature {
        return Ok(());
    }
    let keys = trusted(session, &args.trusted_key)?;
    if keys.is_empty() {
        return Err(vec![
            Diagnostic::error(
                Code::new("plan::no-trusted-key"),
                "a signature is required, and no key is trusted",
            )
            .help("name public keys with `--trusted-key PUBFILE` or in `SINDRI_TRUSTED_KEYS`"),
        ]);
    }
    let Some(signer) = saved.signer else {
        return Err(vec![
            Diagnostic::error(
                Code::new("plan::unsigned"),
                "the saved plan isn't signed, and was not applied",
            )
            .help("sign it where it is made: `sindri plan --out FILE --sign-key KEYFILE`"),
        ]);
    };
    if keys.iter().any(|trusted| trusted.key == signer) {
        return Ok(());
    }
    let mut found = Diagnostic::error(
        Code::new("plan::unknown-signer"),
        format!("the saved plan is signed by {signer}, which isn't trusted; it was not applied"),
    )
    .help("if this signer may, name the public key with `--trusted-key PUBFILE`");
    for Trusted { name, key } in &keys {
        found = found.because(format!("trusted is {key}, of `{name}`"));
    }
    Err(vec![found])
}

/// Refuses a plaintext plan for an encrypted state: it is nothing that was saved for it.
pub(super) fn require_sealed(saved: &Saved, locked: &Locked) -> Result<(), Diagnostics> {
    if saved.sealed || !locked.form().is_sealed() {
        return Ok(());
    }
    Err(vec![
        Diagnostic::error(
            SealError::Plaintext.code(),
            "the saved plan isn't encrypted, but the state is; it was not applied",
        )
        .help("make a new one with `sindri plan --out FILE`: it is encrypted as the state is"),
    ])
}

/// Who signed, in words; none where nobody did.
pub(super) fn signed_by(session: &Session, saved: &Saved) -> Result<Option<String>, Diagnostics> {
    let Some(signer) = saved.signer else {
        return Ok(None);
    };
    let keys = trusted(session, &[])?;
    let known = keys.iter().find(|trusted| trusted.key == signer);
    Ok(Some(match known {
        Some(Trusted { name, .. }) => format!("{signer}, trusted by `{name}`"),
        None if keys.is_empty() => signer.to_string(),
        None => format!("{signer}, which isn't trusted"),
    }))
}

/// The keys trusted: those named, or else those of the environment.
fn trusted(session: &Session, named: &[std::path::PathBuf]) -> Result<Vec<Trusted>, Diagnostics> {
    let variable = session.world().environment.get("SINDRI_TRUSTED_KEYS");
    let listed: Vec<&Path> = if named.is_empty() {
        let listed = variable.unwrap_or_default().split(':');
        listed
            .filter(|name| !name.is_empty())
            .map(Path::new)
            .collect()
    } else {
        named.iter().map(std::path::PathBuf::as_path).collect()
    };
    listed
        .into_iter()
        .map(|name| {
            let text = read_text(session, name)?;
            let key =
                VerifyingKey::from_pem(&text).map_err(|error| bad_key(name, &error.to_string()))?;
            Ok(Trusted {
                name: name.display().to_string(),
                key,
            })
        })
        .collect()
}

fn read_text(session: &Session, name: &Path) -> Result<String, Diagnostics> {
    let bytes = files::read_limited(&session.path(name), KEY_MAX)
        .map_err(|error| bad_key(name, &error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| bad_key(name, "it isn't PEM"))
}

fn bad_key(name: &Path, cause: &str) -> Diagnostics {
    vec![
        Diagnostic::error(
            Code::new("plan::key"),
            format!("the key `{}` can't be used", name.display()),
        )
        .because(cause.to_owned())
        .help(
            "`openssl genpkey -algorithm ed25519 -out KEYFILE` makes one, and \
             `openssl pkey -in KEYFILE -pubout -out PUBFILE` its public half",
        ),
    ]
}
