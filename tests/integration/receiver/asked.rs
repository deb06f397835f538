//! A request as a receiver takes it down.

use std::io::{self, BufRead, Read, Write};
use std::time::Instant;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A whole request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// The path with its query, as it was sent.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// How many there were before at this path, whatever their query.
    pub nth: usize,
    /// When it was complete.
    pub at: Instant,
}

impl Asked {
    /// The path without its query.
    pub fn bare(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// A value of the query, decoded once.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.path.split_once('?')?;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.into_iter().find(|(n, _)| *n == name)?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(n, _)| n == name)?;
        Some(value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    fn says(&self, name: &str, word: &str) -> bool {
        self.header(name)
            .is_some_and(|value| value.eq_ignore_ascii_case(word))
    }

    /// Whether the client is done with the connection after the answer.
    pub fn is_last(&self) -> bool {
        self.says("connection", "close")
    }

    /// Reads the next request. `None`: there is none.
    pub fn read<T: Read + Write>(from: &mut io::BufReader<T>) -> io::Result<Option<Self>> {
        let first = line(from)?;
        if first.is_empty() {
            return Ok(None);
        }
        let words: Vec<&str> = first.trim_end().split(' ').collect();
        let [method, path, version] = words[..] else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        if !version.starts_with("HTTP/1.") {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut asked = Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            nth: 0,
            at: Instant::now(),
        };
        loop {
            let line = line(from)?;
            if line.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            let name = name.to_ascii_lowercase();
            asked.headers.push((name, value.trim().to_owned()));
        }
        if asked.says("expect", "100-continue") {
            from.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            from.get_mut().flush()?;
        }
        asked.body = match asked.says("transfer-encoding", "chunked") {
            true => chunks(from)?,
            false => {
                let length = asked
                    .header("content-length")
                    .map_or(Ok(0), |n| n.parse().map_err(|_| io::ErrorKind::InvalidData))?;
                exactly(from, length)?
            }
        };
        asked.at = Instant::now();
        Ok(Some(asked))
    }
}

fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    Ok(line)
}

fn exactly(from: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(from)?;
        let size = size.trim_end().split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
        if size == 0 {
            break;
        }
        body.extend(exactly(from, size)?);
        line(from)?;
    }
    // What may follow the last chunk, up to an empty line.
    while !line(from)?.trim_end().is_empty() {}
    Ok(body)
}
