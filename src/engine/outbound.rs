//! How machines reach the network: what the configuration says, with the certificates it names read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::address::Name;
use crate::config::{Config, Machine};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::Outbound;
use crate::sys::files;

/// The most bytes of one file of certificates.
const MOST: u64 = 1 << 20;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Reads how each machine reaches the network; those that do so plainly are left out.
pub(super) fn read(
    config: &Config,
    directory: &Path,
) -> (BTreeMap<Name, Arc<Outbound>>, Diagnostics) {
    let mut read = BTreeMap::new();
    let mut findings = Vec::new();
    // Members of a fleet share what they are told.
    let mut known: Vec<(&Machine, Arc<Outbound>)> = Vec::new();
    for machine in &config.machines {
        let same = known.iter().find(|(other, _)| {
            other.outbound == machine.outbound && other.ca_certificates == machine.ca_certificates
        });
        let outbound = if let Some((_, outbound)) = same {
            Arc::clone(outbound)
        } else {
            let outbound = Arc::new(one(machine, directory, &mut findings));
            known.push((machine, Arc::clone(&outbound)));
            outbound
        };
        if !outbound.is_plain() {
            read.insert(machine.name.clone(), outbound);
        }
    }
    (read, findings)
}

fn one(machine: &Machine, directory: &Path, findings: &mut Diagnostics) -> Outbound {
    let mut outbound = Outbound::clone(&machine.outbound);
    for path in machine.ca_certificates.iter() {
        let found = files::read_limited(&directory.join(path), MOST)
            .map_err(|error| error.to_string())
            .and_then(|bytes| certificates(&bytes).map_err(str::to_owned));
        match found {
            Ok(found) => outbound.authorities.extend(found),
            Err(why) => {
                let mut finding = Diagnostic::error(
                    Code::new("config::certificate"),
                    format!("the certificates in `{path}` can't be used"),
                )
                .because(why)
                .help("name a PEM file of certificates, relative to the configuration");
                finding.place.clone_from(&machine.place);
                findings.push(finding);
            }
        }
    }
    outbound
}

/// The certificates of a PEM file, whatever else stands between them left out.
fn certificates(bytes: &[u8]) -> Result<Vec<String>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it isn't PEM, which is text")?;
    if text.contains("PRIVATE KEY-----") {
        return Err("it holds a private key, which nobody else needs");
    }
    let mut found = Vec::new();
    for part in text.split(BEGIN).skip(1) {
        let (body, _) = part.split_once(END).ok_or("a certificate is cut off")?;
        let base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(&b);
        if !body.bytes().all(base64) || body.trim().is_empty() {
            return Err("a certificate is damaged");
        }
        let body = body.replace('\r', "");
        found.push(format!("{BEGIN}\n{}\n{END}\n", body.trim()));
    }
    if found.is_empty() {
        return Err("it holds no certificate");
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_told_from_what_stands_around_them() {
        let one = format!("{BEGIN}\nMIIB\nAAA=\n{END}\n");
        let text = format!("# company\r\n{}\nother\n{one}", one.replace('\n', "\r\n"));
        assert_eq!(
            certificates(text.as_bytes()),
            Ok(vec![one.clone(), one.clone()])
        );
        for (bad, why) in [
            (String::new(), "it holds no certificate"),
            (one.replace(END, ""), "a certificate is cut off"),
            (one.replace("AAA=", "$(id)"), "a certificate is damaged"),
            (
                format!("{one}-----BEGIN EC PRIVATE KEY-----"),
                "it holds a private key, which nobody else needs",
            ),
        ] {
            assert_eq!(certificates(bad.as_bytes()), Err(why));
        }
    }
}
