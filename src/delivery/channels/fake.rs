//! What the tests of channels share: parcels that are hard to send, what must hold of requests and verdicts,
//! and a server that answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::parts::Judge;
use crate::board::delivery::Outcome;
use crate::board::notice::Run;
use crate::board::notice::tests::notice;
use crate::config::{self, ChannelKeys, ChannelKind};
use crate::delivery::http::{Http, Private, Reply, Request};
use crate::delivery::message::tests::failure;
use crate::delivery::verdict::tests::{reply, with};
use crate::delivery::wire::{End, Ended, Exchange, Wire};
use crate::delivery::{Channel, Parcel, Secrets};
use crate::time::Seconds;

/// 2026-01-01T00:00:00Z
pub const NOW: Seconds = 1_767_225_600;

/// A title with what acts instead of being read.
pub const ACTING: &str = "a\0b\u{1b}[31mc\r\nX-Evil: yes\rd\u{202e}e\u{7f}";

/// A first try to tell an event of this kind about a card of this title.
pub fn parcel(kind: &str, title: &str) -> Parcel {
    Parcel {
        id: "dlv_3f9a1c2e00112233445566778899aabb".into(),
        at: NOW,
        attempt: 1,
        notice: notice(kind, title),
        held_back: 0,
        to: None,
        thread: None,
    }
}

/// A failure with all that can be said about it.
pub fn failed(title: &str) -> Parcel {
    Parcel {
        notice: failure(title),
        ..parcel("crashed", title)
    }
}

/// A failure with far too much to say about it.
pub fn endless() -> Parcel {
    let mut parcel = failed(&"🚀".repeat(10_000));
    parcel.notice.event.payload = json!({"error": "\"\\\n".repeat(30_000)});
    parcel.notice.run = Some(Run {
        summary: Some("s".repeat(100_000)),
        last_line: Some("\u{1}é".repeat(50_000)),
        ..Run::default()
    });
    parcel
}

/// Parcels of which at least one breaks each limit that is not kept.
pub fn large_parcels() -> Vec<Parcel> {
    let pieces = [
        "🚀",
        "\"\\",
        "<&>",
        "@*_",
        "任",
        "a\n\t",
        "👩‍👩‍👧‍👦",
        "e\u{301}",
        "<@*\n",
        "\"\\<@*_&\u{1}",
    ];
    let mut all: Vec<Parcel> = pieces
        .iter()
        .map(|piece| {
            let mut parcel = parcel("completed", &"🚀".repeat(10_000));
            parcel.notice.run = Some(Run {
                worker: Some("w".repeat(1_000)),
                summary: Some(piece.repeat(100 * 1_024 / piece.len())),
                ..Run::default()
            });
            parcel
        })
        .collect();
    let mut escaped = parcel("crashed", &"<".repeat(1_000));
    escaped.notice.event.payload = json!({"error": "\\\"".repeat(50_000)});
    escaped.notice.run = Some(Run {
        last_line: Some("<\u{1b}[31m\u{0}\r".repeat(20_000)),
        ..Run::default()
    });
    let mut acting = parcel("completed", ACTING);
    acting.notice.event.payload = json!({"summary": "<@*\n".repeat(25_600)});
    all.extend([escaped, acting, failed(&"🚀".repeat(10_000)), endless()]);
    all
}

/// A parcel that is full of what must never be sent.
pub fn dirty_parcel() -> Parcel {
    let mut parcel = parcel("completed", ACTING);
    parcel.notice.event.payload = json!({"summary": ACTING, "by": ACTING});
    parcel.notice.look = ACTING.into();
    parcel
}

/// Nothing of a body acts on who reads it.
pub fn assert_clean(body: &[u8]) {
    let text = String::from_utf8(body.to_vec()).unwrap();
    for bad in ["\\u00", "\\r", "\r", "\0", "\u{1b}", "\u{7f}", "\u{202e}"] {
        assert!(!text.contains(bad), "{bad:?} in {text}");
    }
}

/// Nothing in a text for people acts on a terminal or breaks a line where it should not.
pub fn assert_harmless(text: &str) {
    let acts = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || c == '\u{202e}';
    assert!(!text.contains(acts), "{text:?}");
}

/// It was refused, by the key that is wrong, and what must stay secret is not repeated.
pub fn assert_refused<T>(opened: Result<T, String>, key: &str, secret: &str) {
    let said = opened.err().unwrap();
    assert!(
        said.starts_with(&format!("{key}: ")) && !said.contains(secret),
        "{said}"
    );
}

/// Answers and their meaning: a line has a status, the word for the outcome, and a body.
pub fn assert_meanings(judge: Judge, table: &str) {
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut parts = line.splitn(3, ' ');
        let status = parts.next().unwrap().parse().unwrap();
        let word = parts.next().unwrap();
        let answer = reply(status, parts.next().unwrap_or_default());
        assert_eq!(judge(&answer, 0).word(), word, "{line}");
    }
}

/// Answers that any server may give mean what they always do, whatever their body is. What 503 means depends on
/// whether it is the receiver itself that says it.
pub fn assert_ordinary(judge: Judge, unavailable: &str) {
    const LATER: Seconds = NOW + 86_400;
    let wait = |reply: Reply| retries_after(judge(&reply, LATER));
    assert_eq!(wait(with(reply(429, ""), "retry-after", "7")), Some(7));
    let date = "Fri, 02 Jan 2026 00:00:30 GMT";
    assert_eq!(wait(with(reply(429, "x"), "retry-after", date)), Some(30));
    for (status, word) in [
        (302, "dead_target"),
        (400, "dead_message"),
        (401, "dead_target"),
        (403, "dead_target"),
        (404, "dead_target"),
        (410, "dead_target"),
        (413, "dead_message"),
        (500, "ambiguous"),
        (502, "ambiguous"),
        (503, unavailable),
        (504, "ambiguous"),
    ] {
        for body in ["", "<html>ok</html>", "{\"a\":", "{}", "ok", "[]", "null"] {
            let outcome = judge(&reply(status, body), LATER);
            assert_eq!(outcome.word(), word, "{status} {body}");
        }
    }
    let gone = judge(&reply(410, ""), LATER);
    assert!(matches!(gone, Outcome::DeadTarget { gone: true, .. }));
}

/// A good status is not enough for a success.
pub fn assert_wants_proof(judge: Judge) {
    let mut bodies: Vec<Vec<u8>> = ["", "<html>ok</html>", "{}", "[]", "null", "0", "{\"errc"]
        .map(|body| body.as_bytes().to_vec())
        .to_vec();
    bodies.push(vec![b'x'; 300_000]);
    bodies.push(vec![0xff, 0xfe, b'"']);
    for body in bodies {
        let outcome = judge(&reply(200, body), 0);
        assert_eq!(outcome.word(), "ambiguous", "{outcome:?}");
        assert!(outcome.why().is_some_and(|why| why.len() < 1_000));
    }
    let broken = Reply {
        broken: Some("its answer broke off".into()),
        ..reply(200, "{\"err")
    };
    let why = judge(&broken, 0).why().map(str::to_owned);
    assert_eq!(why.as_deref(), Some("HTTP 200, but its answer broke off"));
}

/// The seconds after which it is tried again, which it has to be.
pub fn retries_after(outcome: Outcome) -> Option<Seconds> {
    match outcome {
        Outcome::Retry { after, .. } => after,
        other => panic!("{other:?}"),
    }
}

/// The body of a request.
pub fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// A header of a request.
pub fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    value_of(&request.headers, name)
}

fn value_of<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut all = headers.iter();
    all.find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Secrets as they are read.
pub fn secrets(url: Option<&str>, token: Option<&str>, secret: Option<&str>) -> Secrets {
    Secrets {
        url: url.map(str::to_owned),
        token: token.map(str::to_owned),
        secret: secret.map(str::to_owned),
    }
}

/// A channel's settings.
pub fn settings(kind: ChannelKind, change: impl FnOnce(&mut ChannelKeys)) -> config::Channel {
    let mut keys = ChannelKeys {
        kind: Some(kind),
        ..ChannelKeys::default()
    };
    change(&mut keys);
    config::Channel {
        name: "phone".into(),
        kind,
        keys,
        url: None,
        token: None,
        secret: None,
        filter: Default::default(),
        quiet: None,
        digest: 0,
        timeout: 10,
        env: Default::default(),
    }
}

/// What a server was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The body as JSON.
    pub body: Value,
}

impl Asked {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        value_of(&self.headers, name)
    }
}

/// A server on this machine that gives its answers one after another, each to one connection.
pub struct Fake {
    /// Where it is.
    pub url: String,
    thread: JoinHandle<Vec<Asked>>,
}

impl Fake {
    /// A server with these answers: status, further header lines, body.
    pub fn new(answers: &[(u16, &str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers: Vec<(u16, String, String)> = answers
            .iter()
            .map(|(status, head, body)| (*status, (*head).to_owned(), (*body).to_owned()))
            .collect();
        let thread = std::thread::spawn(move || {
            let one = |(status, head, body): (u16, String, String)| {
                let (mut stream, _) = listener.accept().unwrap();
                let asked = read(&mut stream);
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).unwrap();
                asked
            };
            answers.into_iter().map(one).collect()
        });
        Self { url, thread }
    }

    /// What it was asked, once all its answers are given.
    pub fn asked(self) -> Vec<Asked> {
        self.thread.join().unwrap()
    }
}

fn read(stream: &mut TcpStream) -> Asked {
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let first = line();
    let headers: Vec<(String, String)> = std::iter::repeat_with(&mut line)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect();
    let length = value_of(&headers, "content-length").map_or(0, |n| n.parse().unwrap());
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).unwrap();
    let mut words = first.split(' ').map(str::to_owned);
    Asked {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        headers,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
        bytes,
    }
}

/// Sends a parcel for real. What came of it, and what may be shown of that.
pub fn send(channel: &dyn Channel, parcel: &Parcel) -> (Outcome, Vec<Exchange>) {
    on_a_wire(|wire| (channel.send(parcel, wire), wire.exchanges()))
}

/// What is shown of a text once a parcel was sent: all but the secrets.
pub fn masked(channel: &dyn Channel, parcel: &Parcel, text: &str) -> String {
    on_a_wire(|wire| {
        channel.send(parcel, wire);
        wire.mask(text)
    })
}

fn on_a_wire<T>(act: impl FnOnce(&Wire<'_>) -> T) -> T {
    let http = Http::new(Private::Allow);
    let run = |_: &_| Ended {
        how: End::NotStarted,
        said: String::new(),
    };
    let until = Instant::now() + Duration::from_secs(20);
    act(&Wire::new(&http, &run, Duration::from_secs(10), until).recorded())
}
