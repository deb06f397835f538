//! HTTP as this program speaks it: one request, one answer, no detours.
//!
//! The one place that knows the client library. Redirects are never followed, an answer is read up to
//! [`BODY_MAX`], certificates are always checked, and no error text repeats an address. Nothing is set up
//! before the first request.

use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ureq::http;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Error, Timeout};

use super::address::{NOT_PUBLIC, PublicOnly};
use super::endpoint::Endpoint;
use crate::board::delivery::Outcome;

/// How much of an answer is read, in bytes.
pub const BODY_MAX: u64 = 64 * 1_024;
/// How long looking up a name, and then connecting, may take.
const CONNECT: Duration = Duration::from_secs(5);
/// An answer of this size is read to its end even if nobody asks for it, so that its connection can be
/// used again.
const SMALL: u64 = 4 * 1_024;

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

/// What is sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where to.
    pub to: Endpoint,
    /// Beside those of the client.
    pub headers: Vec<(String, String)>,
    /// The bytes, exactly.
    pub body: Vec<u8>,
    /// Whether the verdict is in the body of a good answer. If not, a status of 2xx is enough.
    pub wants_body: bool,
}

impl Request {
    /// A POST of JSON bytes.
    pub fn json(to: Endpoint, body: Vec<u8>) -> Self {
        Self {
            method: Method::Post,
            to,
            headers: vec![(
                "content-type".into(),
                "application/json; charset=utf-8".into(),
            )],
            body,
            wants_body: true,
        }
    }

    /// The same with one more header; a header of this name that was there is replaced.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// What was read of the body.
    pub body: Vec<u8>,
    /// Why the body could not be read to its end, if it could not.
    pub broken: Option<String>,
}

impl Reply {
    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Whether addresses inside of private networks may be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Private {
    /// They are as good as any.
    Allow,
    /// Nothing is sent to them, whatever name leads there.
    Deny,
}

/// The client. It is cheap to make.
pub struct Http {
    direct: OnceLock<Agent>,
    by_environment: OnceLock<Agent>,
    roots: RootCerts,
    private: Private,
}

impl Http {
    /// A client that trusts what the system trusts.
    pub fn new(private: Private) -> Self {
        Self {
            direct: OnceLock::new(),
            by_environment: OnceLock::new(),
            roots: RootCerts::PlatformVerifier,
            private,
        }
    }

    /// The same, trusting only the certificates of a PEM file.
    pub fn trusting(mut self, file: &Path) -> Result<Self, String> {
        let shown = file.display();
        let pem = std::fs::read(file).map_err(|e| format!("cannot read {shown}: {e}"))?;
        let certificates: Vec<Certificate<'static>> = ureq::tls::parse_pem(&pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if certificates.is_empty() {
            return Err(format!("{shown} has no certificate in PEM form"));
        }
        self.roots = RootCerts::Specific(Arc::new(certificates));
        Ok(self)
    }

    /// What goes to this machine never goes through a proxy.
    fn agent(&self, to: &Endpoint) -> &Agent {
        let (slot, proxy) = match to.is_loopback() {
            true => (&self.direct, None),
            false => (&self.by_environment, ureq::Proxy::try_from_env()),
        };
        slot.get_or_init(|| {
            let config = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .timeout_resolve(Some(CONNECT))
                .timeout_connect(Some(CONNECT))
                .max_idle_connections_per_host(4)
                .max_idle_connections(64)
                .user_agent(USER_AGENT)
                .proxy(proxy)
                .tls_config(TlsConfig::builder().root_certs(self.roots.clone()).build())
                .build();
            match self.private {
                Private::Allow => config.new_agent(),
                Private::Deny => {
                    Agent::with_parts(config, DefaultConnector::default(), PublicOnly::default())
                }
            }
        })
    }

    /// Sends a request and reads the answer. An error is how the try ended.
    pub fn send(&self, request: &Request, timeout: Duration) -> Result<Reply, Outcome> {
        let method = match request.method {
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
        };
        let mut builder = http::Request::builder()
            .method(method)
            .uri(request.to.as_str());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let built = builder.body(&request.body[..]).map_err(|_| {
            Outcome::dead_target("a header or the URL has a character that HTTP does not allow")
        })?;
        let agent = self.agent(&request.to);
        let built = agent
            .configure_request(built)
            .timeout_global(Some(timeout))
            .build();
        let mut response = agent.run(built).map_err(|e| fault(&e))?;
        let mut reply = Reply {
            status: response.status().as_u16(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                    (name.as_str().to_owned(), value)
                })
                .collect(),
            ..Reply::default()
        };
        let small = reply
            .header("content-length")
            .and_then(|n| n.parse().ok())
            .is_some_and(|n: u64| n <= SMALL);
        let good = (200..300).contains(&reply.status);
        if request.wants_body || !good || small {
            let mut reader = response.body_mut().as_reader().take(BODY_MAX);
            if let Err(e) = reader.read_to_end(&mut reply.body) {
                reply.broken = Some(body_fault(&e));
            }
        }
        Ok(reply)
    }
}

/// Who we are; a channel that needs another form sets the header itself.
const USER_AGENT: &str = concat!(
    "kanban/",
    env!("CARGO_PKG_VERSION"),
    " (+https://crates.io/crates/kanban-tick)"
);

/// How a try ended that brought no answer. Nothing of the library's own text is passed on where that could
/// repeat an address.
fn fault(error: &Error) -> Outcome {
    match error {
        Error::Timeout(Timeout::Resolve) => {
            Outcome::retry("its name could not be looked up in time")
        }
        Error::Timeout(Timeout::Connect) => Outcome::retry("it could not be connected to in time"),
        Error::Timeout(_) => Outcome::ambiguous("it did not answer in time"),
        Error::HostNotFound => Outcome::retry("its name could not be looked up"),
        Error::ConnectionFailed => Outcome::retry("it could not be connected to"),
        Error::ConnectProxyFailed(_) => Outcome::retry("the proxy could not be connected to"),
        Error::Io(e) => io_fault(e),
        Error::Tls(_) | Error::Rustls(_) | Error::Pem(_) => tls(&error.to_string()),
        Error::BadUri(_) | Error::Http(_) | Error::RequireHttpsOnly(_) => {
            Outcome::dead_target("the URL or a header is not one that can be sent")
        }
        Error::InvalidProxyUrl => Outcome::dead_target("the proxy of the environment is no URL"),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => {
            Outcome::ambiguous("what answered does not speak HTTP as it should")
        }
        _ => Outcome::ambiguous("the request failed"),
    }
}

fn io_fault(error: &io::Error) -> Outcome {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::PermissionDenied if error.to_string() == NOT_PUBLIC => {
            Outcome::dead_target(NOT_PUBLIC)
        }
        Kind::ConnectionRefused => Outcome::retry("the connection was refused"),
        Kind::AddrNotAvailable | Kind::NetworkUnreachable | Kind::HostUnreachable => {
            Outcome::retry("there is no way to its network")
        }
        // rustls speaks through this kind: a certificate that is not trusted, or no TLS at all.
        Kind::InvalidData => tls(&error.to_string()),
        Kind::UnexpectedEof
        | Kind::ConnectionReset
        | Kind::BrokenPipe
        | Kind::ConnectionAborted => {
            Outcome::ambiguous("the connection was closed without an answer")
        }
        Kind::TimedOut | Kind::WouldBlock => Outcome::ambiguous("it did not answer in time"),
        // Too many open files, in the process (24) or on the machine (23): nothing was sent.
        _ if matches!(error.raw_os_error(), Some(23 | 24)) => {
            Outcome::retry("there are too many open files here")
        }
        _ if error.to_string().contains("lookup address") => {
            Outcome::retry("its name could not be looked up")
        }
        _ => Outcome::ambiguous(format!("the connection failed: {}", error.kind())),
    }
}

fn tls(what: &str) -> Outcome {
    Outcome::retry(format!("no secure connection: {what}"))
}

fn body_fault(error: &io::Error) -> String {
    // The reader wraps what went wrong in an error of no kind.
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
    if let Some(Error::Timeout(_)) = inner {
        return "its answer took too long".into();
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "its answer broke off".into(),
        io::ErrorKind::TimedOut => "its answer took too long".into(),
        kind => format!("its answer could not be read: {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_repeats_an_address() {
        let secret = "https://example.org/secret";
        for error in [
            Error::BadUri(secret.into()),
            Error::RequireHttpsOnly(secret.into()),
        ] {
            let outcome = fault(&error);
            assert!(!format!("{outcome:?}").contains("secret"));
            assert_eq!(outcome.word(), "dead_target");
        }
    }

    #[test]
    fn what_was_surely_not_sent_is_told_from_what_may_have_been() {
        let io = |kind: io::ErrorKind| fault(&Error::Io(kind.into())).word();
        assert_eq!(io(io::ErrorKind::ConnectionRefused), "retry");
        assert_eq!(io(io::ErrorKind::HostUnreachable), "retry");
        assert_eq!(io(io::ErrorKind::InvalidData), "retry");
        assert_eq!(io(io::ErrorKind::ConnectionReset), "ambiguous");
        assert_eq!(io(io::ErrorKind::UnexpectedEof), "ambiguous");
        for (timeout, word) in [
            (Timeout::Resolve, "retry"),
            (Timeout::Connect, "retry"),
            (Timeout::Global, "ambiguous"),
            (Timeout::RecvResponse, "ambiguous"),
        ] {
            assert_eq!(fault(&Error::Timeout(timeout)).word(), word);
        }
    }
}
