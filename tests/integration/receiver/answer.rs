//! What a receiver can do with a request.

use std::time::Duration;

use serde_json::Value;

/// What is done.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A whole answer. A header that frames it can be given, and can lie.
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// The same in chunks, each sent on its own.
    Chunked { status: u16, chunks: Vec<Vec<u8>> },
    /// Nothing, until the client closes the connection.
    Hang,
    /// The head of an answer, and then a byte of its body now and then, for ever.
    Drip { status: u16, every: Duration },
    /// A byte of the head of an answer now and then, for ever.
    DripHead { every: Duration },
    /// The connection is closed without a word.
    CloseAtOnce,
    /// An answer that says how long it is, and breaks off before.
    Truncated {
        status: u16,
        declared: usize,
        body: Vec<u8>,
    },
    /// An answer of so many bytes; see `Receiver::taken`.
    Huge { status: u16, bytes: u64 },
    /// These bytes, and the connection is closed.
    Raw(Vec<u8>),
}

impl Answer {
    /// 200 without a body.
    pub fn ok() -> Self {
        Self::status(200)
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self::Reply {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A body of plain text.
    pub fn text(status: u16, text: &str) -> Self {
        Self::status(status)
            .header("content-type", "text/plain; charset=utf-8")
            .body(text)
    }

    /// A body of JSON.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "tests say Answer::json(200, json!(…))"
    )]
    pub fn json(status: u16, value: Value) -> Self {
        Self::status(status)
            .header("content-type", "application/json")
            .body(value.to_string())
    }

    /// Sends the client elsewhere.
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).header("location", to)
    }

    /// A status and the head of an answer, and nothing of its body.
    pub fn close_after_headers(status: u16) -> Self {
        Self::Truncated {
            status,
            declared: 100,
            body: Vec::new(),
        }
    }

    /// Something that is not HTTP.
    pub fn not_http() -> Self {
        Self::Raw(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec())
    }

    /// The same with one more header, where it is a whole answer.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Reply { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The same with this body, where it is a whole answer.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        if let Self::Reply { body, .. } = &mut self {
            *body = bytes.into();
        }
        self
    }
}
