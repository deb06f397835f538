//! A receiver of messages as tests need one: an HTTP server on the loopback interface that does what a test
//! says, however rude, and remembers what it was asked.
//!
//! Plain threads and blocking sockets. When it is dropped, its sockets are shut down, which ends whatever
//! waits on them; no thread outlives that but one whose behaviour waits for something of its own.

mod answer;
mod asked;
mod line;
mod serve;
mod tests;

use std::collections::HashMap;
use std::io::BufReader;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use answer::Answer;
pub use asked::Asked;
use line::{Authority, Line};

/// An address at which nobody answers: only root could listen there.
pub const NOBODY: &str = "http://127.0.0.1:1";

/// Nothing that a test waits for takes longer on a machine that works at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a receiver does when it is asked. It may wait for something before it answers.
type Behaviour = dyn Fn(&Asked) -> Answer + Send + Sync;

/// A server that lives as long as this value.
pub struct Receiver {
    address: SocketAddr,
    authority: Option<Arc<Authority>>,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// What the threads of a receiver have in common.
struct Shared {
    behaviour: Box<Behaviour>,
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Asked>,
    /// Every connection that there was.
    connections: usize,
    /// Those that are open, to shut them down.
    open: HashMap<usize, TcpStream>,
    /// Requests that wait for the behaviour, now and at most.
    busy: usize,
    busiest: usize,
    /// Bytes of endless answers that were taken.
    taken: u64,
    closing: bool,
}

impl Receiver {
    /// Listens on a free port.
    pub fn start(behaviour: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::listen(None, Box::new(behaviour))
    }

    /// The same over TLS, with a certificate for `127.0.0.1` and `localhost` of an authority that nobody
    /// knows; see [`Receiver::ca_pem`].
    pub fn start_tls(behaviour: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_tls_as(&["127.0.0.1", "localhost"], behaviour)
    }

    /// The same with a certificate for other names, such as the wrong ones.
    pub fn start_tls_as(
        names: &[&str],
        behaviour: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(Authority::new(names)), Box::new(behaviour))
    }

    fn listen(authority: Option<Authority>, behaviour: Box<Behaviour>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let authority = authority.map(Arc::new);
        let shared = Arc::new(Shared {
            behaviour,
            seen: Mutex::default(),
            changed: Condvar::new(),
        });
        let accepting = thread::spawn({
            let (shared, authority) = (shared.clone(), authority.clone());
            move || accept(&listener, &shared, authority.as_ref())
        });
        Self {
            address,
            authority,
            shared,
            accepting: Some(accepting),
        }
    }

    /// The URL of a path, which begins with `/`.
    pub fn url(&self, path: &str) -> String {
        let scheme = match self.authority {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}{path}", self.address)
    }

    /// The certificate of the authority that vouches for a receiver with TLS.
    #[track_caller]
    pub fn ca_pem(&self) -> String {
        let authority = self.authority.as_ref().expect("a receiver with TLS");
        authority.pem.clone()
    }

    /// Every request so far, in the order in which they were complete.
    pub fn requests(&self) -> Vec<Asked> {
        self.shared.lock().requests.clone()
    }

    /// Those to one path, whatever their query.
    pub fn to(&self, path: &str) -> Vec<Asked> {
        let mut requests = self.requests();
        requests.retain(|asked| asked.bare() == path);
        requests
    }

    /// The requests, once there are as many.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Asked> {
        let until = Instant::now() + PATIENCE;
        let mut seen = self.shared.lock();
        while seen.requests.len() < count {
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "waited in vain for {count} requests: {:?}",
                seen.requests
            );
            seen = self.shared.changed.wait_timeout(seen, left).unwrap().0;
        }
        seen.requests.clone()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// How many requests waited for the behaviour at the same time, at most.
    pub fn busiest(&self) -> usize {
        self.shared.lock().busiest
    }

    /// Bytes of [`Answer::Huge`] that the network took, which is a few megabytes more than were read.
    pub fn taken(&self) -> u64 {
        self.shared.lock().taken
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.changed.notify_all();
        // Accepting a connection is what the thread waits for.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(5)).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            let _ = accepting.join();
        }
        for socket in self.shared.lock().open.values() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, authority: Option<&Arc<Authority>>) {
    for socket in listener.incoming() {
        let Ok(socket) = socket else { continue };
        let Some(connection) = Connection::new(shared, &socket) else {
            return;
        };
        let line = match authority {
            None => Line::plain(socket),
            Some(authority) => Line::tls(socket, authority),
        };
        thread::spawn(move || {
            // What goes wrong on a connection is over with it; the client is what is tested.
            let _ = serve::requests(&connection.shared, &mut BufReader::new(line));
        });
    }
}

/// An open connection. Its end shuts the socket down, as its copy would keep it open.
struct Connection {
    shared: Arc<Shared>,
    number: usize,
}

impl Connection {
    fn new(shared: &Arc<Shared>, socket: &TcpStream) -> Option<Self> {
        let mut seen = shared.lock();
        if seen.closing {
            return None;
        }
        let number = seen.connections;
        seen.connections += 1;
        seen.open.insert(number, socket.try_clone().unwrap());
        Some(Self {
            shared: shared.clone(),
            number,
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(socket) = self.shared.lock().open.remove(&self.number) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    /// Nobody panics while holding this but a test that has failed already.
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a request.
    fn note(&self, mut asked: Asked) -> Asked {
        let mut seen = self.lock();
        let before = seen.requests.iter().filter(|a| a.bare() == asked.bare());
        asked.nth = before.count();
        seen.requests.push(asked.clone());
        self.changed.notify_all();
        asked
    }

    /// Lets time pass. `false`: the receiver is being dropped.
    fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut seen = self.lock();
        while !seen.closing {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            seen = self
                .changed
                .wait_timeout(seen, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        false
    }
}
