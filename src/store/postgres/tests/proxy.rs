//! A proxy before a server that cuts connections around writes.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// What happens to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The connection is cut before it arrives.
    RequestLost,
    /// The connection is cut before its answer comes.
    AnswerLost,
}

/// By what a write is known, in a connection that isn't encrypted.
const WRITE: &[u8] = b"written = $4";

/// A proxy; it ends with the process.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    troubles: Mutex<VecDeque<Trouble>>,
    /// Whether it takes no connection.
    pub(super) closed: AtomicBool,
    /// How many writes went by.
    pub(super) writes: AtomicU32,
}

impl Proxy {
    pub(super) fn before(server: &str) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            troubles: Mutex::default(),
            closed: AtomicBool::new(false),
            writes: AtomicU32::new(0),
        });
        let (shared, server) = (Arc::clone(&proxy), server.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if !shared.closed.load(Ordering::SeqCst) {
                    let server = TcpStream::connect(&server).unwrap();
                    shared.join(client.unwrap(), server);
                }
            }
        });
        proxy
    }

    pub(super) fn give(&self, troubles: &[Trouble]) {
        *self.troubles.lock().unwrap() = troubles.iter().copied().collect();
    }

    pub(super) fn is_done(&self) -> bool {
        self.troubles.lock().unwrap().is_empty()
    }

    fn join(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let mute = Arc::new(AtomicBool::new(false));
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let muted = Arc::clone(&mute);
        std::thread::spawn(move || {
            let mut chunk = vec![0; 1 << 16];
            while let Ok(length @ 1..) = from.read(&mut chunk) {
                if muted.load(Ordering::SeqCst) || to.write_all(&chunk[..length]).is_err() {
                    break;
                }
            }
            cut(&from, &to);
        });
        let proxy = Arc::clone(self);
        std::thread::spawn(move || proxy.forward(client, server, &mute));
    }

    fn forward(&self, mut client: TcpStream, mut server: TcpStream, mute: &AtomicBool) {
        let mut chunk = vec![0; 1 << 16];
        while let Ok(length @ 1..) = client.read(&mut chunk) {
            let chunk = &chunk[..length];
            if chunk.windows(WRITE.len()).any(|part| part == WRITE) {
                self.writes.fetch_add(1, Ordering::SeqCst);
                match self.troubles.lock().unwrap().pop_front() {
                    None => {}
                    Some(Trouble::RequestLost) => break,
                    Some(Trouble::AnswerLost) => mute.store(true, Ordering::SeqCst),
                }
            }
            if server.write_all(chunk).is_err() {
                break;
            }
        }
        if !mute.load(Ordering::SeqCst) {
            cut(&client, &server);
        }
    }
}

fn cut(one: &TcpStream, other: &TcpStream) {
    for stream in [one, other] {
        // It may be cut already.
        let _cut = stream.shutdown(Shutdown::Both);
    }
}
