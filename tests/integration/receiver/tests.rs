//! That the receiver does what it says, seen from a plain socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;

use super::{Answer, NOBODY, PATIENCE, Receiver};

const MOMENT: Duration = Duration::from_millis(5);

fn connect(receiver: &Receiver) -> TcpStream {
    let socket = TcpStream::connect(receiver.address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// What comes back for a request, up to the end of the connection.
fn ask(receiver: &Receiver, request: &str) -> (io::Result<()>, String) {
    let mut socket = connect(receiver);
    socket.write_all(request.as_bytes()).unwrap();
    let mut said = Vec::new();
    let ended = socket.read_to_end(&mut said).map(|_| ());
    (ended, String::from_utf8_lossy(&said).into_owned())
}

/// A request after which the client is done.
fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

fn always(answer: Answer) -> Receiver {
    Receiver::start(move |_| answer.clone())
}

#[test]
fn what_was_asked_is_remembered_and_answered() {
    let receiver = Receiver::start(|asked| match asked.nth {
        0 => Answer::json(503, json!({"n": asked.nth})).header("Retry-After", "7"),
        _ => Answer::text(200, "ok"),
    });
    let (_, first) = ask(&receiver, &post("/hook?sign=a%2Bb&n=1", r#"{"a":1}"#));
    assert!(first.starts_with("HTTP/1.1 503 "), "{first}");
    assert!(
        first.contains("\r\nRetry-After: 7\r\n") && first.ends_with("\r\n\r\n{\"n\":0}"),
        "{first}"
    );
    let (_, second) = ask(&receiver, &post("/hook?sign=c", "bytes"));
    assert!(second.ends_with("content-length: 2\r\n\r\nok"), "{second}");
    ask(&receiver, &post("/other", "")).0.unwrap();

    let all = receiver.requests();
    assert_eq!(all.len(), 3);
    assert!(all[0].at <= all[1].at);
    let hook = receiver.to("/hook");
    assert_eq!((hook.len(), hook[0].nth, hook[1].nth), (2, 0, 1));
    assert_eq!(all[2].nth, 0);
    assert_eq!(
        (hook[0].method.as_str(), hook[0].path.as_str()),
        ("POST", "/hook?sign=a%2Bb&n=1")
    );
    assert_eq!(hook[0].query("sign").as_deref(), Some("a+b"));
    assert_eq!(hook[0].header("host"), Some("x"));
    assert_eq!(hook[0].json(), json!({"a": 1}));
    assert_eq!(hook[1].text(), "bytes");
    assert!(receiver.url("/hook").starts_with("http://127.0.0.1:"));
}

#[test]
fn several_requests_use_one_connection() {
    let receiver = Receiver::start(|asked| match asked.nth {
        0 => Answer::Chunked {
            status: 200,
            chunks: vec![b"some".to_vec(), b"thing".to_vec()],
        },
        1 => Answer::status(204),
        _ => Answer::redirect(302, "/elsewhere"),
    });
    let chunked = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
    let expecting = "POST /a HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nf";
    let last = post("/a", "g");
    let (ended, said) = ask(&receiver, &format!("{chunked}{expecting}{last}"));
    ended.unwrap();
    assert!(
        said.contains("4\r\nsome\r\n5\r\nthing\r\n0\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Said\r\n\r\n"),
        "{said}"
    );
    assert!(said.contains("HTTP/1.1 302 Said\r\nlocation: /elsewhere\r\n"));
    let bodies: Vec<String> = receiver.requests().iter().map(|a| a.text()).collect();
    assert_eq!(bodies, ["abcde", "f", "g"]);
    assert_eq!(receiver.connections(), 1);
}

#[test]
fn an_answer_can_break_off_or_be_none() {
    let (ended, said) = ask(&always(Answer::CloseAtOnce), &post("/", "x"));
    assert_eq!((ended.unwrap(), said.as_str()), ((), ""));
    let cut = Answer::Truncated {
        status: 200,
        declared: 10,
        body: b"{\"a\"".to_vec(),
    };
    let (_, said) = ask(&always(cut), &post("/", "x"));
    assert!(said.ends_with("content-length: 10\r\n\r\n{\"a\""), "{said}");
    let (_, said) = ask(&always(Answer::close_after_headers(200)), &post("/", "x"));
    assert!(said.ends_with("content-length: 100\r\n\r\n"), "{said}");
    let (_, said) = ask(&always(Answer::not_http()), &post("/", "x"));
    assert!(said.starts_with("SSH-2.0"), "{said}");
    let lie = Answer::ok().header("content-length", "3").body("longer");
    let (_, said) = ask(&always(lie), &post("/", "x"));
    assert!(said.ends_with("content-length: 3\r\n\r\nlonger"), "{said}");
}

#[test]
fn what_is_no_http_is_closed_and_not_counted() {
    let receiver = always(Answer::ok());
    let (_, said) = ask(&receiver, "\u{16}\u{3}\u{1} hello\r\n\r\n");
    assert_eq!(said, "");
    assert!(receiver.requests().is_empty());
}

#[test]
fn an_endless_answer_counts_what_was_taken() {
    let receiver = always(Answer::Huge {
        status: 200,
        bytes: 300_000,
    });
    let (_, said) = ask(&receiver, &post("/", ""));
    assert!(said.len() > 300_000 && receiver.taken() == 300_000);

    let receiver = always(Answer::Huge {
        status: 200,
        bytes: u64::MAX,
    });
    let mut socket = connect(&receiver);
    socket.write_all(post("/", "").as_bytes()).unwrap();
    socket.read_exact(&mut [0; 1_024]).unwrap();
    drop(socket);
    drop(receiver);
}

#[test]
fn a_drip_goes_on_and_ends_with_the_receiver() {
    for answer in [
        Answer::Drip {
            status: 200,
            every: MOMENT,
        },
        Answer::DripHead { every: MOMENT },
    ] {
        let receiver = always(answer);
        let mut socket = BufReader::new(connect(&receiver));
        socket
            .get_mut()
            .write_all(post("/", "").as_bytes())
            .unwrap();
        let mut said = Vec::new();
        while !said.ends_with(b"xxx") {
            let piece = socket.fill_buf().unwrap().to_vec();
            said.extend(&piece);
            socket.consume(piece.len());
        }
        drop(receiver);
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest);
    }
}

#[test]
fn who_hangs_is_let_go_when_the_receiver_is_dropped() {
    let receiver = always(Answer::Hang);
    let mut socket = connect(&receiver);
    socket.write_all(post("/", "").as_bytes()).unwrap();
    assert_eq!(receiver.wait_for(1).len(), 1);
    drop(receiver);
    let mut said = Vec::new();
    let _ = socket.read_to_end(&mut said);
    assert_eq!(said, b"");
}

#[test]
fn requests_that_wait_together_are_counted() {
    let both = Arc::new(Barrier::new(2));
    let receiver = Arc::new(Receiver::start(move |_| {
        both.wait();
        Answer::ok()
    }));
    let (send, ended) = mpsc::channel();
    for _ in 0..2 {
        let (receiver, send) = (receiver.clone(), send.clone());
        thread::spawn(move || {
            let (_, said) = ask(&receiver, &post("/", ""));
            send.send(said).unwrap();
        });
    }
    for _ in 0..2 {
        assert!(ended.recv_timeout(PATIENCE).unwrap().contains(" 200 "));
    }
    assert_eq!((receiver.busiest(), receiver.connections()), (2, 2));
}

#[test]
fn nobody_answers_where_nobody_is() {
    let address = NOBODY.strip_prefix("http://").unwrap();
    let error = TcpStream::connect(address).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

/// A request over TLS by a client that trusts only this authority.
fn ask_safely(receiver: &Receiver, pem: &str) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(client, connect(receiver));
    stream.write_all(post("/safe", "secret").as_bytes())?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    Ok(said)
}

#[test]
fn tls_is_spoken_under_an_authority_that_only_the_test_knows() {
    let receiver = Receiver::start_tls(|_| Answer::text(200, "ok"));
    assert!(receiver.url("/").starts_with("https://127.0.0.1:"));
    let said = ask_safely(&receiver, &receiver.ca_pem()).unwrap();
    assert!(said.ends_with("\r\n\r\nok"), "{said}");
    assert_eq!(receiver.to("/safe")[0].text(), "secret");

    let stranger = Receiver::start_tls(|_| Answer::ok());
    ask_safely(&receiver, &stranger.ca_pem()).unwrap_err();
    let other = Receiver::start_tls_as(&["example.org"], |_| Answer::ok());
    ask_safely(&other, &other.ca_pem()).unwrap_err();
    assert!(other.requests().is_empty());

    // A client that does not speak TLS.
    let (_, said) = ask(&receiver, &post("/", ""));
    assert!(!said.contains("HTTP"), "{said}");
    assert_eq!(receiver.requests().len(), 1);
}
