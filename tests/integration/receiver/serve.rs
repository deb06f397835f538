//! Taking requests from a connection and doing with each what the behaviour says.

use std::fmt::Write as _;
use std::io::{self, BufReader, Write};

use super::Shared;
use super::answer::Answer;
use super::asked::Asked;
use super::line::Line;

/// How much of an endless answer is written at a time.
const PIECE: [u8; 16 * 1_024] = [b'x'; 16 * 1_024];

/// Answers one request after the other, until either side is done with the connection.
pub fn requests(shared: &Shared, line: &mut BufReader<Line>) -> io::Result<()> {
    while let Some(asked) = Asked::read(line)? {
        let asked = shared.note(asked);
        // Only for as long as the behaviour takes: a client that has its answer may ask again on another
        // connection before this thread runs on.
        let busy = Busy::new(shared);
        let answer = (shared.behaviour)(&asked);
        drop(busy);
        if !give(shared, &asked, answer, line)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Answers. `false`: the connection is to be closed.
fn give(
    shared: &Shared,
    asked: &Asked,
    answer: Answer,
    line: &mut BufReader<Line>,
) -> io::Result<bool> {
    let to = line.get_mut();
    match answer {
        Answer::Reply {
            status,
            headers,
            body,
        } => {
            let named = |name: &str| headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            let close = asked.is_last()
                || named("connection").is_some_and(|(_, v)| v.eq_ignore_ascii_case("close"));
            let mut all = headers.clone();
            // None of these has a body, so none may say how long it is.
            let bare = matches!(status, 204 | 304) || asked.method == "CONNECT";
            if !bare && named("content-length").is_none() && named("transfer-encoding").is_none() {
                all.push(("content-length".into(), body.len().to_string()));
            }
            to.write_all(&[head(status, &all), body].concat())?;
            to.flush()?;
            if close {
                to.finish()?;
            }
            Ok(!close)
        }
        Answer::Chunked { status, chunks } => {
            to.write_all(&head(
                status,
                &[("transfer-encoding".into(), "chunked".into())],
            ))?;
            for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
                let size = format!("{:x}\r\n", chunk.len());
                to.write_all(&[size.as_bytes(), chunk, b"\r\n"].concat())?;
                to.flush()?;
            }
            to.write_all(b"0\r\n\r\n")?;
            to.flush()?;
            Ok(!asked.is_last())
        }
        Answer::Hang => {
            // Ends when the client closes the connection, or when the receiver is dropped.
            io::copy(line, &mut io::sink())?;
            Ok(false)
        }
        Answer::Drip { status, every } => {
            to.write_all(&sized(status, 1_048_576))?;
            to.flush()?;
            drip(shared, to, every)
        }
        Answer::DripHead { every } => {
            to.write_all(b"HTTP/1.1 200 OK\r\nx-slow: ")?;
            to.flush()?;
            drip(shared, to, every)
        }
        Answer::CloseAtOnce => Ok(false),
        Answer::Truncated {
            status,
            declared,
            body,
        } => {
            to.write_all(&[sized(status, declared as u64), body].concat())?;
            to.flush()?;
            Ok(false)
        }
        Answer::Huge { status, bytes } => {
            to.write_all(&sized(status, bytes))?;
            let mut left = bytes;
            while left > 0 {
                let piece = left.min(PIECE.len() as u64);
                to.write_all(&PIECE[..piece as usize])?;
                shared.lock().taken += piece;
                left -= piece;
            }
            to.flush()?;
            Ok(!asked.is_last())
        }
        Answer::Raw(bytes) => {
            to.write_all(&bytes)?;
            to.flush()?;
            Ok(false)
        }
    }
}

/// A byte now and then. A client that is gone is seen by the next one.
fn drip(shared: &Shared, to: &mut Line, every: std::time::Duration) -> io::Result<bool> {
    while shared.pause(every) {
        to.write_all(b"x")?;
        to.flush()?;
    }
    Ok(false)
}

fn sized(status: u16, length: u64) -> Vec<u8> {
    head(status, &[("content-length".into(), length.to_string())])
}

fn head(status: u16, headers: &[(String, String)]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Said\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// A request that its behaviour has not answered yet.
struct Busy<'a>(&'a Shared);

impl<'a> Busy<'a> {
    fn new(shared: &'a Shared) -> Self {
        let mut seen = shared.lock();
        seen.busy += 1;
        seen.busiest = seen.busiest.max(seen.busy);
        drop(seen);
        Self(shared)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.lock().busy -= 1;
    }
}
