//! Keys: which opens what, and what is said of the others.

use super::{CHEAP, file_key, sealed, vault};
use crate::seal::{Cost, Envelope, Keys, SealError, UnlockKey, Vault};
use crate::sys::Random;

fn unlock(keys: &Keys, bytes: &[u8]) -> Result<(), SealError> {
    let envelope = Envelope::read(bytes)?;
    keys.unlock(&envelope).map(|_| ())
}

fn with(current: Option<UnlockKey>, old: Option<UnlockKey>) -> Keys {
    Keys::new(current, old)
}

#[test]
fn each_key_opens_what_it_sealed_and_each_other_is_named() {
    let phrase = UnlockKey::passphrase("correct horse");
    let by_phrase = sealed(&vault(&phrase), b"x");
    let by_file = sealed(&vault(&file_key(1)), b"x");
    assert_eq!(
        unlock(&with(Some(phrase.clone()), None), &by_phrase),
        Ok(())
    );
    assert_eq!(unlock(&with(Some(file_key(1)), None), &by_file), Ok(()));
    assert_eq!(
        unlock(
            &with(Some(UnlockKey::passphrase("wrong")), None),
            &by_phrase
        ),
        Err(SealError::WrongPassphrase)
    );
    let error = |keys: &Keys, bytes: &[u8]| unlock(keys, bytes).unwrap_err().to_string();
    insta::assert_snapshot!(
        error(&with(Some(file_key(2)), None), &by_file),
        @"it is encrypted with key 605225913a09965d, and the key file given is 9d87eac9ee0af4b6"
    );
    insta::assert_snapshot!(
        error(&with(Some(phrase), None), &by_file),
        @"it is encrypted with the key file 605225913a09965d, and a passphrase was given"
    );
    insta::assert_snapshot!(
        error(&with(None, None), &by_phrase),
        @"it is encrypted with a passphrase, and no key was given"
    );
}

#[test]
fn the_old_key_is_a_fallback() {
    let sealed = sealed(&vault(&file_key(1)), b"x");
    let keys = with(Some(file_key(2)), Some(file_key(1)));
    assert_eq!(unlock(&keys, &sealed), Ok(()));
    let keys = with(Some(UnlockKey::passphrase("new")), Some(file_key(1)));
    assert_eq!(unlock(&keys, &sealed), Ok(()));
}

#[test]
fn a_planted_envelope_can_not_ask_for_endless_work() {
    let key = UnlockKey::passphrase("p");
    let text = String::from_utf8(sealed(&vault(&key), b"x")).unwrap();
    let envelope = |cost: Cost| Vault::new(&key, cost, &Random::system()).map(|_| ());
    assert_eq!(envelope(CHEAP), Ok(()));
    for cost in [
        Cost {
            memory: u32::MAX,
            ..CHEAP
        },
        Cost {
            passes: 1000,
            ..CHEAP
        },
        Cost { lanes: 64, ..CHEAP },
    ] {
        assert_eq!(envelope(cost), Err(SealError::TooCostly));
    }
    // The head can't be edited without its checksum being made anew, which is no secret.
    let changed = text.replacen("\"passes\":1", "\"passes\":9", 1);
    assert_eq!(
        unlock(&with(Some(key), None), changed.as_bytes()),
        Err(SealError::Changed)
    );
}

#[test]
fn a_key_file_is_raw_hexadecimal_or_base64() {
    let id = |content: &[u8]| {
        let key = UnlockKey::key_file(content)?;
        unlock(
            &with(Some(key), None),
            &sealed(&vault(&file_key(0xab)), b"x"),
        )
    };
    assert_eq!(id(&[0xab; 32]), Ok(()));
    assert_eq!(id(format!("{}\n", "ab".repeat(32)).as_bytes()), Ok(()));
    assert_eq!(
        id(format!("{}=\n", "q6ur".repeat(10) + "q6s").as_bytes()),
        Ok(())
    );
    for wrong in [
        &b""[..],
        b"short",
        &[7; 31],
        &[7; 33],
        "ab".repeat(31).as_bytes(),
    ] {
        assert_eq!(id(wrong), Err(SealError::NotAKey(32)));
    }
}

#[test]
fn keys_are_never_printed() {
    let key = UnlockKey::passphrase("canary");
    let keys = with(Some(key.clone()), Some(file_key(7)));
    let vault = vault(&key);
    let shown = format!("{key:?} {keys:?} {vault:?}");
    assert!(
        !shown.contains("canary") && !shown.contains("7, 7, 7, 7"),
        "{shown}"
    );
}

#[test]
fn the_default_cost_is_what_was_decided() {
    let begun = std::time::Instant::now();
    let key = UnlockKey::passphrase("p");
    Vault::new(&key, Cost::DEFAULT, &Random::system()).unwrap();
    assert!(begun.elapsed().as_secs() < 20);
}
