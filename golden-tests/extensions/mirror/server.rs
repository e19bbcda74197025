//! The server.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};

use super::authority::Authority;
use super::registry::{NPM, PYPI_FILES, REGISTRIES};
use super::request::Request;
use super::upstream;

/// How one request goes wrong.
#[derive(Clone, Copy, Debug)]
pub(in crate::extensions) enum Fault {
    /// The answer comes in pieces, with time between them.
    Slow,
    /// The connection ends in the middle of the body.
    Cut,
    /// Other bytes come, as many.
    Tampered,
    /// A status, and when to come back.
    Status(u16, Option<u16>),
}

/// A mirror; it ends with the process.
#[derive(Clone)]
pub(in crate::extensions) struct Mirror {
    /// Host and port, as machines and this host reach it.
    pub(in crate::extensions) at: String,
    inner: Arc<Inner>,
}

struct Inner {
    authority: Authority,
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    faults: Mutex<BTreeMap<String, VecDeque<Fault>>>,
    asked: Mutex<Vec<String>>,
    tunnels: Mutex<BTreeMap<String, String>>,
}

impl Mirror {
    /// Starts one, where containers of this host's Engine reach it.
    pub(in crate::extensions) fn start() -> Self {
        let here = own_address();
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let at = format!("{here}:{}", listener.local_addr().unwrap().port());
        let inner = Arc::new(Inner {
            authority: Authority::new(&[&here, "api.github.com", "vendor.example.org"]),
            files: Mutex::default(),
            faults: Mutex::default(),
            asked: Mutex::default(),
            tunnels: Mutex::default(),
        });
        let mirror = Self { at, inner };
        let serving = mirror.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (serving, stream) = (serving.clone(), stream.unwrap());
                // A client that hangs up has seen enough.
                thread::spawn(move || drop(serving.serve(stream)));
            }
        });
        mirror
    }

    /// The certificate of its authority, PEM.
    pub(in crate::extensions) fn certificate(&self) -> &str {
        &self.inner.authority.certificate
    }

    /// Serves a file.
    pub(in crate::extensions) fn holds(&self, path: &str, bytes: &[u8]) {
        let mut files = self.inner.files.lock().unwrap();
        files.insert(path.to_owned(), bytes.to_vec());
    }

    /// The next answers at a path go wrong, one after the other; then they are good.
    pub(in crate::extensions) fn fails(&self, path: &str, faults: &[Fault]) {
        let mut all = self.inner.faults.lock().unwrap();
        all.insert(path.to_owned(), faults.iter().copied().collect());
    }

    /// As a proxy: a tunnel to this host and port ends here, by this authority's certificate.
    pub(in crate::extensions) fn intercepts(&self, target: &str) {
        let mut tunnels = self.inner.tunnels.lock().unwrap();
        tunnels.insert(target.to_owned(), self.at.clone());
    }

    /// What was asked: paths, as a proxy `via ADDRESS`, and `as LOGIN` by whom.
    pub(in crate::extensions) fn asked(&self) -> Vec<String> {
        self.inner.asked.lock().unwrap().clone()
    }

    /// How often something that begins so was asked.
    pub(in crate::extensions) fn count(&self, start: &str) -> usize {
        let asked = self.inner.asked.lock().unwrap();
        asked.iter().filter(|one| one.starts_with(start)).count()
    }

    /// Forgets what was asked.
    pub(in crate::extensions) fn forget(&self) {
        self.inner.asked.lock().unwrap().clear();
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut first = [0];
        if stream.peek(&mut first)? == 0 {
            return Ok(());
        }
        // A greeting of TLS begins with this byte, and no request does.
        if first[0] != 0x16 {
            return self.answer(stream, "http");
        }
        let config = Arc::clone(&self.inner.authority.server);
        let connection = ServerConnection::new(config).map_err(io::Error::other)?;
        let mut secured = StreamOwned::new(connection, stream);
        self.answer(&mut secured, "https")?;
        secured.conn.send_close_notify();
        secured.flush()
    }

    fn answer(&self, mut stream: impl Stream, scheme: &str) -> io::Result<()> {
        let Some(request) = Request::read(&mut stream)? else {
            return Ok(());
        };
        if request.method == "CONNECT" || request.target.starts_with("http://") {
            return self.proxy(&request, stream);
        }
        let path = request.target.split('?').next().unwrap_or_default();
        self.note(path.to_owned());
        if let Some(login) = request.header("authorization") {
            self.note(format!("as {login}"));
        }
        let fault = {
            let mut faults = self.inner.faults.lock().unwrap();
            faults.get_mut(path).and_then(VecDeque::pop_front)
        };
        if let Some(Fault::Status(status, after)) = fault {
            let after = after.map_or(String::new(), |after| format!("Retry-After: {after}\r\n"));
            let text = format!(
                "HTTP/1.1 {status} -\r\n{after}Content-Length: 2\r\nConnection: close\r\n\r\nno"
            );
            return stream.write_all(text.as_bytes());
        }
        let (status, kind, mut body) = self.find(&request, path, scheme);
        if matches!(fault, Some(Fault::Tampered)) {
            body.reverse();
        }
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        if request.method == "HEAD" {
            return stream.flush();
        }
        match fault {
            Some(Fault::Cut) => stream.write_all(&body[..body.len() / 2])?,
            Some(Fault::Slow) => {
                for piece in body.chunks(body.len() / 6 + 1) {
                    stream.write_all(piece)?;
                    stream.flush()?;
                    thread::sleep(Duration::from_millis(300));
                }
            }
            Some(Fault::Tampered | Fault::Status(..)) | None => stream.write_all(&body)?,
        }
        stream.flush()
    }

    fn note(&self, what: String) {
        self.inner.asked.lock().unwrap().push(what);
    }

    /// What lies at a path: status, kind, bytes.
    fn find(&self, request: &Request, path: &str, scheme: &str) -> (String, String, Vec<u8>) {
        let ok = || "200 OK".to_owned();
        if let Some(bytes) = self.inner.files.lock().unwrap().get(path) {
            return (ok(), "application/octet-stream".to_owned(), bytes.clone());
        }
        let own = format!("{scheme}://{}", self.at);
        if path == "/crates/config.json" {
            let text = format!(r#"{{"dl":"{own}/crate-files"}}"#);
            return (ok(), "application/json".to_owned(), text.into_bytes());
        }
        let registry = REGISTRIES.iter().find(|one| path.starts_with(one.path));
        let Some(registry) = registry else {
            return (
                "404 Not Found".to_owned(),
                "text/plain".to_owned(),
                b"no".to_vec(),
            );
        };
        let rest = &request.target[registry.path.len()..];
        let url = format!(
            "{}://{}/{}{rest}",
            registry.scheme, registry.host, registry.below
        );
        let mut answer = upstream::ask(&url, request.header("accept"));
        if ["/npm/", "/pypi/simple/"].contains(&registry.path) && !answer.kind.contains("octet") {
            // A closed network knows only this address.
            let text = String::from_utf8_lossy(&answer.body)
                .replace(&format!("https://{NPM}/"), &format!("{own}/npm/"))
                .replace(&format!("https://{PYPI_FILES}/"), &format!("{own}/files/"));
            answer.body = text.into_bytes();
        }
        (answer.status, answer.kind, answer.body)
    }

    /// Passes a request on, or opens a tunnel.
    fn proxy(&self, request: &Request, mut stream: impl Stream) -> io::Result<()> {
        self.note(format!("via {}", request.target));
        let tunnel = request.method == "CONNECT";
        let (target, path) = if tunnel {
            (request.target.clone(), String::new())
        } else {
            let rest = request.target.trim_start_matches("http://");
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let port = if host.contains(':') { "" } else { ":80" };
            (format!("{host}{port}"), format!("/{path}"))
        };
        let target = {
            let tunnels = self.inner.tunnels.lock().unwrap();
            tunnels.get(&target).cloned().unwrap_or(target)
        };
        let Ok(mut there) = TcpStream::connect(&target) else {
            return stream
                .write_all(b"HTTP/1.1 502 -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        };
        if tunnel {
            stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
        } else {
            there.write_all(request.passed_on(&path).as_bytes())?;
        }
        let Some(mut here) = stream.tcp() else {
            return Err(io::Error::other("a proxy is spoken to in plain HTTP"));
        };
        let (mut from, mut to) = (here.try_clone()?, there.try_clone()?);
        let up = thread::spawn(move || {
            // Either side may end it.
            drop(io::copy(&mut from, &mut to));
            drop(to.shutdown(Shutdown::Write));
        });
        let copied = io::copy(&mut there, &mut here);
        drop(here.shutdown(Shutdown::Both));
        drop(up.join());
        copied.map(drop)
    }
}

/// The address by which this host goes out: containers reach it whatever network they are in.
fn own_address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Nothing is sent: the system only chooses the way to an address that nobody has.
    socket.connect("192.0.2.1:9").unwrap();
    socket.local_addr().unwrap().ip().to_string()
}

/// A connection, possibly secured.
trait Stream: Read + Write {
    /// The bare connection, where it isn't secured.
    fn tcp(&self) -> Option<TcpStream>;
}

impl Stream for TcpStream {
    fn tcp(&self) -> Option<TcpStream> {
        self.try_clone().ok()
    }
}

impl Stream for &mut StreamOwned<ServerConnection, TcpStream> {
    fn tcp(&self) -> Option<TcpStream> {
        None
    }
}
