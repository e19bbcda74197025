//! What stands between the program and a cloud: it counts calls, and lets one of them go wrong.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::fault::Fault;

/// How often a listener looks whether it shall go on.
const LOOK: Duration = Duration::from_millis(2);

/// A server's door.
pub(super) struct Gate {
    /// Where it listens.
    pub(super) address: String,
    inside: Arc<Mutex<Inside>>,
}

/// What it knows, and what it is about to do.
struct Inside {
    /// Where the real server is.
    server: SocketAddr,
    /// Makes one shape of calls that differ in names alone.
    shape: fn(&str) -> String,
    /// What was asked since [`Gate::reset`], shape by shape.
    heard: Vec<String>,
    /// The call that goes wrong, the first is 0, and how.
    armed: Option<(usize, Fault)>,
    /// Whom a kill meets.
    victim: Option<Pid>,
    /// The shape of the call that went wrong.
    struck: Option<String>,
    /// Whether the token is refused from now on.
    refuses: bool,
    /// Whether anybody is let in.
    open: bool,
    /// Whether nobody needs it any more.
    over: bool,
    /// What else happens at the call that goes wrong.
    besides: Option<Box<dyn Fn() + Send>>,
    streams: Vec<TcpStream>,
}

/// What happens to one call.
#[derive(Clone, Copy)]
enum Course {
    Straight,
    Wrong(Fault),
    Refused,
}

fn hold(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// Stands before a server.
    pub(super) fn before(server: &str, shape: fn(&str) -> String) -> Self {
        let server = server.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let inside = Arc::new(Mutex::new(Inside {
            server,
            shape,
            heard: Vec::new(),
            armed: None,
            victim: None,
            struck: None,
            refuses: false,
            open: true,
            over: false,
            besides: None,
            streams: Vec::new(),
        }));
        let held = Arc::clone(&inside);
        std::thread::spawn(move || listen(listener, at, &held));
        Self {
            address: format!("http://{at}"),
            inside,
        }
    }

    /// Lets the call with a number go wrong, counted from now on.
    pub(super) fn arm(&self, number: usize, fault: Fault, besides: impl Fn() + Send + 'static) {
        let mut inside = hold(&self.inside);
        inside.heard.clear();
        inside.armed = Some((number, fault));
        inside.besides = Some(Box::new(besides));
    }

    /// Says whom a kill meets.
    pub(super) fn aim(&self, victim: u32) {
        hold(&self.inside).victim = Pid::from_raw(victim.try_into().unwrap());
    }

    /// Lets everything go right again; gives the calls since the last time, and the one that went
    /// wrong.
    pub(super) fn reset(&self) -> (Vec<String>, Option<String>) {
        let mut inside = hold(&self.inside);
        inside.armed = None;
        inside.victim = None;
        inside.refuses = false;
        inside.open = true;
        inside.besides = None;
        (std::mem::take(&mut inside.heard), inside.struck.take())
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let mut inside = hold(&self.inside);
        inside.over = true;
        inside.close();
    }
}

impl Inside {
    /// Lets nobody in any more, those included who are inside.
    fn close(&mut self) {
        self.open = false;
        for stream in self.streams.drain(..) {
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// Counts a call and decides what becomes of it.
    fn decide(&mut self, request: &Request) -> Course {
        let number = self.heard.len();
        let shape = (self.shape)(&request.line);
        self.heard.push(shape.clone());
        let armed = self.armed.filter(|(at, _)| *at == number);
        if let Some((_, fault)) = armed {
            self.struck = Some(shape);
            match fault {
                Fault::TokenRefused => self.refuses = true,
                Fault::StoreLost => self.besides.iter().for_each(|lose| lose()),
                _ => return Course::Wrong(fault),
            }
        }
        // What a sandbox's daemon is shown isn't the token.
        if self.refuses && !request.has("e2b-sandbox-id") {
            Course::Refused
        } else {
            Course::Straight
        }
    }
}

/// Lets people in while it is open, and nobody while it isn't.
fn listen(listener: TcpListener, at: SocketAddr, inside: &Arc<Mutex<Inside>>) {
    let mut listening = Some(listener);
    loop {
        let (open, over) = {
            let inside = hold(inside);
            (inside.open, inside.over)
        };
        if over {
            return;
        }
        match (&listening, open) {
            (Some(listener), true) => {
                drop(listener.set_nonblocking(true));
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::sleep(LOOK);
                    continue;
                };
                let inside = Arc::clone(inside);
                std::thread::spawn(move || serve(&stream, &inside));
            }
            (Some(_), false) => listening = None,
            (None, true) => listening = TcpListener::bind(at).ok(),
            (None, false) => std::thread::sleep(LOOK),
        }
        if listening.is_none() {
            std::thread::sleep(LOOK);
        }
    }
}

/// A request as it came.
struct Request {
    /// Its method and target.
    line: String,
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Request {
    fn read(reader: &mut BufReader<&TcpStream>) -> Option<Self> {
        let (head, length) = head(reader)?;
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let text = String::from_utf8_lossy(&head);
        let mut words = text.split_whitespace();
        let line = format!("{} {}", words.next()?, words.next()?);
        Some(Self { line, head, body })
    }

    fn has(&self, header: &str) -> bool {
        let text = String::from_utf8_lossy(&self.head);
        let mut lines = text.lines().skip(1);
        lines.any(|line| line.to_ascii_lowercase().starts_with(header))
    }
}

/// A head with the empty line after it, and how long what follows it is, where it says so.
fn head(reader: &mut impl BufRead) -> Option<(Vec<u8>, Option<usize>)> {
    let (mut head, mut length) = (Vec::new(), None);
    loop {
        let from = head.len();
        if reader.read_until(b'\n', &mut head).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&head[from..]).to_ascii_lowercase();
        if let Some(number) = line.strip_prefix("content-length:") {
            length = number.trim().parse().ok();
        }
        if line.trim().is_empty() {
            return Some((head, length));
        }
    }
}

/// Hands the requests of one connection on until something is wrong with it.
fn serve(stream: &TcpStream, inside: &Mutex<Inside>) {
    drop(stream.set_nonblocking(false));
    drop(stream.set_nodelay(true));
    if let Ok(copy) = stream.try_clone() {
        hold(inside).streams.push(copy);
    }
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader) {
        let (course, server) = {
            let mut inside = hold(inside);
            if !inside.open {
                return;
            }
            (inside.decide(&request), inside.server)
        };
        let gone_on = match course {
            Course::Straight => pass(&request, server, stream),
            Course::Refused => say(stream, 401, "", "the token isn't valid any more"),
            Course::Wrong(fault) => go_wrong(fault, &request, server, stream, inside),
        };
        if !matches!(gone_on, Ok(true)) {
            return;
        }
    }
}

/// Whether the connection goes on.
type GoneOn = io::Result<bool>;

fn go_wrong(
    fault: Fault,
    request: &Request,
    server: SocketAddr,
    stream: &TcpStream,
    inside: &Mutex<Inside>,
) -> GoneOn {
    let kill = || {
        loop {
            let (victim, over) = {
                let inside = hold(inside);
                (inside.victim, inside.over)
            };
            if let Some(victim) = victim {
                // It may have ended by itself just now.
                let _gone = kill_process(victim, Signal::KILL);
                return;
            }
            if over {
                return;
            }
            // Who started it hasn't said yet who it is.
            std::thread::sleep(LOOK);
        }
    };
    match fault {
        Fault::KilledBefore => {
            kill();
            Ok(false)
        }
        Fault::KilledAfter => {
            whole(request, server)?;
            kill();
            Ok(false)
        }
        Fault::KilledAnswered => {
            let passed = pass(request, server, stream);
            kill();
            passed
        }
        Fault::AnswerCut => {
            let answer = whole(request, server)?;
            let mut stream = stream;
            stream.write_all(&answer[..answer.len() / 2])?;
            Ok(false)
        }
        Fault::AnswerLost(status) => {
            whole(request, server)?;
            say(stream, status, "", "that took too long")
        }
        Fault::Throttled => say(stream, 429, "retry-after: 1\r\n", "too many calls"),
        Fault::Trouble => say(stream, 503, "", "there is trouble"),
        Fault::Unreachable => {
            let passed = pass(request, server, stream);
            hold(inside).close();
            passed
        }
        Fault::TokenRefused | Fault::StoreLost => pass(request, server, stream),
    }
}

/// Says something in the server's place.
fn say(mut stream: &TcpStream, status: u16, headers: &str, text: &str) -> GoneOn {
    let body = format!("{{\"code\":{status},\"message\":\"{text}\",\"error\":\"{text}\"}}");
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}");
    write!(stream, "{head}content-length: {length}\r\n\r\n{body}")?;
    Ok(true)
}

/// Sends a request on, over a connection of its own.
fn ask(request: &Request, server: SocketAddr) -> io::Result<TcpStream> {
    let mut upstream = TcpStream::connect(server)?;
    upstream.set_nodelay(true)?;
    upstream.write_all(&request.head)?;
    upstream.write_all(&request.body)?;
    Ok(upstream)
}

/// The whole answer of the server; of a stream, which may wait to be spoken to, its beginning.
fn whole(request: &Request, server: SocketAddr) -> io::Result<Vec<u8>> {
    let upstream = ask(request, server)?;
    let mut reader = BufReader::new(&upstream);
    let (mut answer, length) = head(&mut reader).ok_or(io::ErrorKind::UnexpectedEof)?;
    let rest = rest(&answer, length);
    if let Some(length) = rest {
        let from = answer.len();
        answer.resize(from + length, 0);
        reader.read_exact(&mut answer[from..])?;
    } else {
        let begins = reader.fill_buf()?;
        answer.extend_from_slice(begins);
    }
    Ok(answer)
}

/// How much follows a head; none where it goes on until the connection ends.
fn rest(head: &[u8], length: Option<usize>) -> Option<usize> {
    let streams = String::from_utf8_lossy(head)
        .to_ascii_lowercase()
        .contains("transfer-encoding");
    length.or((!streams).then_some(0))
}

/// Hands an answer over as it comes.
fn pass(request: &Request, server: SocketAddr, mut stream: &TcpStream) -> GoneOn {
    let upstream = ask(request, server)?;
    let mut reader = BufReader::new(&upstream);
    let (answer, length) = head(&mut reader).ok_or(io::ErrorKind::UnexpectedEof)?;
    let rest = rest(&answer, length);
    if let Some(length) = rest {
        let mut answer = answer;
        let from = answer.len();
        answer.resize(from + length, 0);
        reader.read_exact(&mut answer[from..])?;
        stream.write_all(&answer)?;
        return Ok(true);
    }
    stream.write_all(&answer)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(false);
        }
        stream.write_all(&buffer[..count])?;
    }
}
