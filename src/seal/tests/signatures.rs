//! Signatures, with keys that the real `openssl` makes.

use std::path::Path;
use std::process::Command;

use crate::seal::{SignatureError, SigningKey, VerifyingKey, sign, split_signature};

/// A pair of keys by the `openssl` of this host.
fn pair(directory: &Path) -> (String, String) {
    let (private, public) = (directory.join("private.pem"), directory.join("public.pem"));
    let run = |arguments: &[&str]| {
        let done = Command::new("openssl").args(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    let (private, public) = (private.to_str().unwrap(), public.to_str().unwrap());
    run(&["genpkey", "-algorithm", "ed25519", "-out", private]);
    run(&["pkey", "-in", private, "-pubout", "-out", public]);
    let read = |path| std::fs::read_to_string(path).unwrap();
    (read(private), read(public))
}

fn signed() -> (Vec<u8>, VerifyingKey) {
    let room = tempfile::tempdir().unwrap();
    let (private, public) = pair(room.path());
    let key = SigningKey::from_pem(&private).unwrap();
    assert_eq!(
        key.verifying_key(),
        VerifyingKey::from_pem(&public).unwrap()
    );
    let mut plan = b"{\"sindri_plan\":1}\n".to_vec();
    sign(&mut plan, &key).unwrap();
    (plan, key.verifying_key())
}

#[test]
fn a_plan_signed_with_a_key_of_openssl_verifies() {
    let (plan, key) = signed();
    let split = split_signature(&plan).unwrap();
    assert_eq!(split.plan, b"{\"sindri_plan\":1}\n");
    assert_eq!(split.signature.unwrap().signer, key);
    let unsigned = split_signature(b"{\"sindri_plan\":1}\n").unwrap();
    assert!(unsigned.signature.is_none());
}

#[test]
fn openssl_verifies_what_we_sign() {
    let room = tempfile::tempdir().unwrap();
    let (private, public) = pair(room.path());
    let key = SigningKey::from_pem(&private).unwrap();
    let mut plan = b"plan\n".to_vec();
    sign(&mut plan, &key).unwrap();
    let line: serde_json::Value = serde_json::from_slice(&plan[5..]).unwrap();
    let value = line["value"].as_str().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = room.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let value = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, value).unwrap();
    let arguments = [
        ("-inkey", write("key", public.as_bytes())),
        ("-in", write("message", b"sindri plan signature 1\nplan\n")),
        ("-sigfile", write("value", &value)),
    ];
    let done = Command::new("openssl")
        .args(["pkeyutl", "-verify", "-pubin", "-rawin"])
        .args(arguments.iter().flat_map(|(name, value)| [*name, value]))
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn no_changed_plan_verifies() {
    let (plan, key) = signed();
    for at in 0..plan.len() {
        for flip in [0x01, 0x20] {
            let mut changed = plan.clone();
            changed[at] ^= flip;
            let split = split_signature(&changed);
            let by_key = split.is_ok_and(|split| {
                split
                    .signature
                    .is_some_and(|signature| signature.signer == key)
            });
            assert!(!by_key, "byte {at}");
        }
    }
    let mut other = b"{\"sindri_plan\":2}\n".to_vec();
    other.extend_from_slice(&plan[18..]);
    assert_eq!(
        split_signature(&other).unwrap_err(),
        SignatureError::Changed(key)
    );
    assert_eq!(
        split_signature(&plan[..plan.len() - 3]).unwrap_err(),
        SignatureError::Damaged
    );
    let newer = String::from_utf8(plan)
        .unwrap()
        .replace("\"signature\":1", "\"signature\":2");
    assert_eq!(
        split_signature(newer.as_bytes()).unwrap_err(),
        SignatureError::Newer(2)
    );
}

#[test]
fn what_is_no_key_is_refused() {
    let room = tempfile::tempdir().unwrap();
    let (private, public) = pair(room.path());
    assert_eq!(
        SigningKey::from_pem(&public).unwrap_err(),
        SignatureError::NotASigningKey
    );
    for wrong in [
        &private,
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ] {
        assert_eq!(
            VerifyingKey::from_pem(wrong).unwrap_err(),
            SignatureError::NotAVerifyingKey
        );
    }
    assert_eq!(
        format!("{:?}", SigningKey::from_pem(&private).unwrap()),
        "(signing key)"
    );
}
