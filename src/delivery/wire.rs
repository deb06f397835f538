//! What a channel sees of the world, for one try: HTTP, programs, time that is left, and what must never be
//! shown of all that.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::http::{Http, Method, Reply, Request};
use crate::board::delivery::Outcome;

/// What stands where a secret was.
const HIDDEN: &str = "***";

/// A program that is to be run.
#[derive(Debug, Clone)]
pub struct Program {
    /// Program and arguments.
    pub command: Vec<String>,
    /// What it reads.
    pub input: Vec<u8>,
    /// Variables beside those of its channel.
    pub env: Vec<(String, String)>,
    /// It is ended after this time.
    pub timeout: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub how: End,
    /// The last lines of what it said.
    pub said: String,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It returned this exit status.
    Exit(i32),
    /// This signal ended it.
    Signal(i32),
    /// It was ended because it took too long.
    OverTime,
    /// There is no such program.
    NotFound,
    /// It could not be started.
    NotStarted,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "exit {code}"),
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
            Self::OverTime => f.write_str("it took too long"),
            Self::NotFound => f.write_str("there is no such program"),
            Self::NotStarted => f.write_str("it could not be started"),
        }
    }
}

/// Runs programs.
pub type Runner<'a> = &'a (dyn Fn(&Program) -> Ended + Sync);

/// A request and what came of it, as it may be shown.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// `POST https://host/…`, or a command line.
    pub what: String,
    /// Header lines, or variables.
    pub headers: Vec<String>,
    /// What was sent.
    pub body: String,
    /// What came back.
    pub answer: String,
}

/// One try's view of the world.
pub struct Wire<'a> {
    http: &'a Http,
    run: Runner<'a>,
    timeout: Duration,
    until: Instant,
    hidden: Mutex<Vec<String>>,
    /// What went over it, where somebody wants to see that.
    record: Option<Mutex<Vec<Exchange>>>,
}

impl<'a> Wire<'a> {
    /// A view in which no request takes longer than `timeout`, and none goes on after `until`.
    pub fn new(http: &'a Http, run: Runner<'a>, timeout: Duration, until: Instant) -> Self {
        Self {
            http,
            run,
            timeout,
            until,
            hidden: Mutex::default(),
            record: None,
        }
    }

    /// The same with a record of what goes over it.
    pub fn recorded(mut self) -> Self {
        self.record = Some(Mutex::default());
        self
    }

    /// Keeps a text from being shown in errors and records.
    pub fn hide(&self, secret: impl Into<String>) {
        let secret = secret.into();
        // What is shorter would blot out ordinary words.
        if secret.len() >= 4 {
            let mut hidden = lock(&self.hidden);
            hidden.push(secret);
            hidden.sort_by_key(|text| std::cmp::Reverse(text.len()));
        }
    }

    /// A text without what must not be shown.
    pub fn mask(&self, text: &str) -> String {
        let hidden = lock(&self.hidden);
        hidden
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }

    /// The time that one step may still take.
    pub fn patience(&self) -> Duration {
        let left = self.until.saturating_duration_since(Instant::now());
        left.min(self.timeout).max(Duration::from_millis(1))
    }

    /// Sends a request. An error is how the try ended.
    pub fn send(&self, request: Request) -> Result<Reply, Outcome> {
        for secret in request.to.secrets() {
            self.hide(secret);
        }
        let mut result = self.http.send(&request, self.patience());
        if let Ok(reply) = &mut result {
            // Some receivers repeat what they were told. It is taken out before anything is cut from it: half
            // of a secret would not be recognised.
            if let Ok(text) = std::str::from_utf8(&reply.body) {
                let masked = self.mask(text);
                if masked != text {
                    reply.body = masked.into_bytes();
                }
            }
        }
        self.note(|| of_request(&request, &result));
        result
    }

    /// Runs a program.
    pub fn run(&self, program: &Program) -> Ended {
        let ended = (self.run)(program);
        self.note(|| Exchange {
            what: program.command.join(" "),
            headers: program
                .env
                .iter()
                .map(|(n, v)| format!("{n}={v}"))
                .collect(),
            body: String::from_utf8_lossy(&program.input).into_owned(),
            answer: format!("{:?}\n{}", ended.how, ended.said),
        });
        ended
    }

    fn note(&self, exchange: impl FnOnce() -> Exchange) {
        if let Some(record) = &self.record {
            lock(record).push(exchange());
        }
    }

    /// What was sent and what came back, without any secret; nothing where it was not recorded.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let all = self.record.as_ref().map(|record| lock(record).clone());
        all.into_iter()
            .flatten()
            .map(|exchange| Exchange {
                what: self.mask(&exchange.what),
                headers: exchange.headers.iter().map(|h| self.mask(h)).collect(),
                body: self.mask(&exchange.body),
                answer: self.mask(&exchange.answer),
            })
            .collect()
    }
}

/// A request and its answer, as they may be shown once secrets are taken out.
fn of_request(request: &Request, result: &Result<Reply, Outcome>) -> Exchange {
    let answer = match result {
        Ok(reply) => format!(
            "HTTP {}\n{}",
            reply.status,
            String::from_utf8_lossy(&reply.body)
        ),
        Err(outcome) => outcome.why().unwrap_or_default().to_owned(),
    };
    let method = match request.method {
        Method::Post => "POST",
        Method::Put => "PUT",
    };
    Exchange {
        what: format!("{method} {}", request.to.shown()),
        headers: request
            .headers
            .iter()
            .map(|(name, value)| match secret_header(name) {
                true => format!("{name}: {HIDDEN}"),
                false => format!("{name}: {value}"),
            })
            .collect(),
        body: String::from_utf8_lossy(&request.body).into_owned(),
        answer,
    }
}

/// Headers whose value is a credential whatever it is.
pub(super) fn secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("authorization")
        || name.contains("key")
        || name.contains("signature")
        || name.contains("token")
        || name.contains("secret")
        || name.contains("cookie")
}

/// Nobody panics while holding one of these; if somebody did, what is in it is still whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
