//! Pulls, from a registry of the test's own that wants a password.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::world::{World, pin, socket};
use crate::digest::Digest;
use crate::provider::docker::Docker;
use crate::provider::{Class, CreateRequest, Progress, Provider, ProviderError};
use crate::resource::{ImageSpec, Spec};
use crate::sys::Environment;

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Its base64 differs between the two alphabets.
const PASSWORD: &str = "???>>>~~~";

const UNKNOWN: &[u8] = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;

/// What a registry holds: paths, types and contents.
type Shelf = Vec<(String, &'static str, Vec<u8>)>;

fn shelf() -> Shelf {
    let mut layer = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    let content: Vec<u8> = (0..4_000_000_u32)
        .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    layer
        .append_data(&mut header, "content", content.as_slice())
        .unwrap();
    let layer = layer.into_inner().unwrap();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [Digest::of_bytes(&layer)]},
    });
    let config = serde_json::to_vec(&config).unwrap();
    let part = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "size": bytes.len(), "digest": Digest::of_bytes(bytes)});
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": part("application/vnd.docker.container.image.v1+json", &config),
        "layers": [part("application/vnd.docker.image.rootfs.diff.tar.gzip", &layer)],
    });
    let manifest = serde_json::to_vec(&manifest).unwrap();
    let at = |kind: &str, name: &str| format!("/v2/tiny/{kind}/{name}");
    let blob = "application/octet-stream";
    vec![
        ("/v2/".to_owned(), blob, Vec::new()),
        (at("manifests", "1"), MANIFEST, manifest.clone()),
        (
            at("manifests", Digest::of_bytes(&manifest).as_str()),
            MANIFEST,
            manifest,
        ),
        (
            at("blobs", Digest::of_bytes(&config).as_str()),
            blob,
            config,
        ),
        (at("blobs", Digest::of_bytes(&layer).as_str()), blob, layer),
    ]
}

/// Answers one connection's requests, refusing those without the password.
fn serve(stream: TcpStream, shelf: &Shelf) -> Option<()> {
    let expected = format!("Basic {}", STANDARD.encode(format!("me:{PASSWORD}")));
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut request = String::new();
        reader
            .read_line(&mut request)
            .ok()
            .filter(|count| *count > 0)?;
        let mut known = false;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            known |= line.trim_end().strip_prefix("Authorization: ") == Some(expected.as_str());
            if line.trim_end().is_empty() {
                break;
            }
        }
        let mut words = request.split_whitespace();
        let (method, path) = (words.next()?, words.next()?);
        let found = shelf.iter().find(|(at, ..)| at == path);
        let (status, kind, body): (_, _, &[u8]) = match found {
            _ if !known => ("401 Unauthorized", "text/plain", b""),
            Some((_, kind, body)) => ("200 OK", *kind, body),
            None => ("404 Not Found", "application/json", UNKNOWN),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Docker-Content-Digest: {}\r\nWww-Authenticate: Basic realm=\"test\"\r\n\r\n",
            body.len(),
            Digest::of_bytes(body),
        );
        stream.write_all(head.as_bytes()).ok()?;
        if method != "HEAD" {
            stream.write_all(body).ok()?;
        }
    }
}

/// Starts a registry and says where it listens.
fn registry() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let shelf = Arc::new(shelf());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shelf = Arc::clone(&shelf);
            std::thread::spawn(move || serve(stream, &shelf));
        }
    });
    address
}

fn docker(folder: &std::path::Path, registry: &str, password: &str) -> Docker {
    let auth = STANDARD.encode(format!("me:{password}"));
    let config = json!({"auths": {registry: {"auth": auth}}});
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let folder = folder.to_str().unwrap().to_owned();
    let mut environment: Vec<(String, String)> = Environment::of_process()
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    environment.push(("DOCKER_CONFIG".to_owned(), folder));
    Docker::connect(&Environment::of(environment)).unwrap()
}

fn request(world: &World, reference: &str) -> CreateRequest {
    let spec = ImageSpec {
        reference: reference.to_owned(),
        ..pin()
    };
    world.request("image.dev", Spec::Image(spec))
}

fn silent(_: Progress) {}

async fn refused(docker: &Docker, world: &World, reference: &str) -> ProviderError {
    let request = request(world, reference);
    docker.create(&request, &silent).await.unwrap_err()
}

#[tokio::test]
async fn an_image_is_pulled_with_the_password_and_progress() {
    let world = World::new("pull").await;
    let folder = tempfile::tempdir().unwrap();
    let registry = registry();
    let reference = format!("{registry}/tiny:1");
    let stranger = docker(folder.path(), &registry, "wrong");
    let error = refused(&stranger, &world, &reference).await;
    assert_eq!(error.code.as_str(), "docker::pull-denied", "{error:?}");
    assert_eq!(error.class, Class::Denied);
    assert!(!format!("{error:?}").contains("wrong"));

    let known = docker(folder.path(), &registry, PASSWORD);
    let news = Mutex::new(Vec::new());
    let listen = |progress: Progress| news.lock().unwrap().push(progress);
    let wanted = request(&world, &reference);
    let pinned = known.create(&wanted, &listen).await;
    let again = known.create(&wanted, &|_| panic!("pulled twice")).await;
    let absent = refused(&known, &world, &format!("{registry}/tiny:2")).await;
    drop(
        socket()
            .remove_image(
                &reference,
                None::<bollard::query_parameters::RemoveImageOptions>,
                None,
            )
            .await,
    );
    let pinned = pinned.unwrap();
    assert_eq!(again.unwrap(), pinned);
    let digest = pinned
        .attributes
        .get("repoDigest")
        .unwrap()
        .as_str()
        .unwrap();
    assert!(
        digest.starts_with(&format!("{registry}/tiny@sha256:")),
        "{digest}"
    );
    assert_eq!(absent.code.as_str(), "docker::image-missing", "{absent:?}");
    let news = news.into_inner().unwrap();
    let last = news.last().expect("something was said on the way");
    let (done, total) = last.share.unwrap();
    assert!(done > 0 && done <= total, "{last:?}");

    let nobody = refused(&known, &world, "127.0.0.1:1/tiny:1").await;
    assert_eq!(
        nobody.code.as_str(),
        "docker::registry-unreachable",
        "{nobody:?}"
    );
    assert_eq!(nobody.class, Class::Retryable);
}
