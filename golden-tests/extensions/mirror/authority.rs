//! An authority that nobody trusts but who is told to.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::extensions::desk::host;

/// An authority, and a server's certificate by it.
pub(super) struct Authority {
    /// Its own certificate, PEM.
    pub(super) certificate: String,
    pub(super) server: Arc<ServerConfig>,
}

impl Authority {
    /// A new one, which vouches for a server at these names and addresses.
    pub(super) fn new(names: &[&str]) -> Self {
        let room = tempfile::tempdir().unwrap();
        let path = |name: &str| room.path().join(name).display().to_string();
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=Tests",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,digitalSignature",
            "-keyout",
            &path("ca.key"),
            "-out",
            &path("ca.pem"),
        ]);
        openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=mirror",
            "-keyout",
            &path("server.key"),
            "-out",
            &path("server.csr"),
        ]);
        let names: Vec<String> = names
            .iter()
            .map(|name| {
                let address = name.parse::<std::net::IpAddr>().is_ok();
                format!("{}:{name}", if address { "IP" } else { "DNS" })
            })
            .collect();
        let extensions = format!(
            "subjectAltName={}\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n",
            names.join(",")
        );
        fs::write(path("ext"), extensions).unwrap();
        openssl(&[
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            &path("server.csr"),
            "-CA",
            &path("ca.pem"),
            "-CAkey",
            &path("ca.key"),
            "-CAcreateserial",
            "-extfile",
            &path("ext"),
            "-out",
            &path("server.pem"),
        ]);
        Self {
            certificate: fs::read_to_string(path("ca.pem")).unwrap(),
            server: server(
                Path::new(&path("server.pem")),
                Path::new(&path("server.key")),
            ),
        }
    }
}

fn openssl(words: &[&str]) {
    host("openssl", words);
}

fn server(certificate: &Path, key: &Path) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}
