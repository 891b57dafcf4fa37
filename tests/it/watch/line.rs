//! A line to a server that can be cut: a proxy on loopback that counts what connects, and that can
//! name another address for who asks, as a network would that one moves to.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy in front of a server. Gone when dropped.
pub(super) struct Cable {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    cut: AtomicBool,
    closed: AtomicBool,
    connections: AtomicU64,
    /// Connections up to this one are swallowed.
    dead: AtomicU64,
    refused: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
    from: Mutex<Option<String>>,
}

impl Cable {
    /// A cable to `HOST:PORT`.
    pub(super) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::<State>::default();
        let (shared, server) = (Arc::clone(&state), server.to_owned());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.closed.load(Ordering::SeqCst) {
                    return;
                }
                if shared.cut.load(Ordering::SeqCst) {
                    shared.refused.fetch_add(1, Ordering::SeqCst);
                    continue;
                }
                let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
                // A server that is not there closes the connection, as a broken network does.
                if let Ok(there) = TcpStream::connect(&server) {
                    shared.join(number, client, there);
                }
            }
        });
        Self { address, state }
    }

    /// `http://127.0.0.1:PORT`.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts what is open and refuses what comes.
    pub(super) fn cut(&self) {
        self.state.cut.store(true, Ordering::SeqCst);
        for stream in self.state.open.lock().expect("no panic").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Whole again.
    pub(super) fn mend(&self) {
        self.state.cut.store(false, Ordering::SeqCst);
    }

    /// What is open stays open, and nothing comes through it any more.
    pub(super) fn swallow(&self) {
        self.state.dead.store(self.connections(), Ordering::SeqCst);
    }

    /// From now on requests come from this address, as far as a server that trusts its proxy can tell.
    pub(super) fn comes_from(&self, address: &str) {
        *self.state.from.lock().expect("no panic") = Some(address.to_owned());
    }

    /// Connections that were let through.
    pub(super) fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Connections that were tried while it was cut.
    pub(super) fn refused(&self) -> u64 {
        self.state.refused.load(Ordering::SeqCst)
    }
}

impl State {
    fn join(self: &Arc<Self>, number: u64, client: TcpStream, server: TcpStream) {
        let pair = |stream: &TcpStream| stream.try_clone().expect("a second handle");
        for stream in [&client, &server] {
            let _ = stream.set_nodelay(true);
            self.open.lock().expect("no panic").push(pair(stream));
        }
        let (client_in, server_in) = (pair(&client), pair(&server));
        let state = Arc::clone(self);
        thread::spawn(move || copy(client_in, server, |request| state.forward(number, request)));
        thread::spawn(move || copy(server_in, client, <[u8]>::to_vec));
    }

    /// A request without a body, sent at once, with the address that it comes from.
    fn forward(&self, number: u64, request: &[u8]) -> Vec<u8> {
        if number <= self.dead.load(Ordering::SeqCst) {
            return Vec::new();
        }
        let from = self.from.lock().expect("no panic").clone();
        match (from, request.strip_suffix(b"\r\n\r\n")) {
            (Some(from), Some(head)) => {
                [head, format!("\r\nX-Forwarded-For: {from}\r\n\r\n").as_bytes()].concat()
            }
            _ => request.to_vec(),
        }
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, change: impl Fn(&[u8]) -> Vec<u8>) {
    let mut buffer = [0; 16 << 10];
    while let Ok(count) = from.read(&mut buffer)
        && count > 0
        && to.write_all(&change(&buffer[..count])).is_ok()
    {}
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.cut();
        self.state.closed.store(true, Ordering::SeqCst);
        // Wakes the listener, so that its thread sees it.
        let _ = TcpStream::connect(self.address);
    }
}
