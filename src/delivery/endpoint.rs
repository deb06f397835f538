//! Addresses that messages are sent to, checked when they are read.
//!
//! Most of these addresses are credentials themselves, so nothing here prints more of one than its host.

use std::net::IpAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::Uri;

/// What has to be encoded in a segment of a path or a value of a query (RFC 3986: all but `unreserved`).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Long parts of the paths and queries of services that are the same for everybody: hiding them would only make
/// what a receiver says harder to read.
const WORDS: [&str; 17] = [
    "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
    "automations",
    "channels",
    "chat.postMessage",
    "chat_id",
    "internal",
    "m.room.message",
    "messages",
    "messages.json",
    "open-apis",
    "powerautomate",
    "sendMessage",
    "services",
    "tenant_access_token",
    "triggers",
    "webhooks",
    "workflows",
];

/// An absolute `http` or `https` URL without user, fragment or anything that does not belong in one.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    text: String,
    host: String,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Endpoint {
    /// Reads a URL. An error says what is wrong with it and never repeats it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the URL is empty".into());
        }
        if text.bytes().any(|b| !b.is_ascii_graphic()) {
            return Err(
                "the URL has a character that does not belong in one; percent-encode it".into(),
            );
        }
        if text.contains('#') {
            return Err("the URL has a fragment (#), which is never sent".into());
        }
        let uri: Uri = text.parse().map_err(|_| "this is no URL".to_owned())?;
        match uri.scheme_str() {
            Some("https" | "http") => {}
            _ => return Err("the URL does not begin with https:// (or http://)".into()),
        }
        let authority = uri
            .authority()
            .ok_or_else(|| "the URL has no host".to_owned())?;
        if authority.as_str().contains('@') {
            return Err("the URL has a user or password in it; use the other keys".into());
        }
        let host = authority
            .host()
            .trim_matches(['[', ']'])
            .to_ascii_lowercase();
        if host.is_empty() {
            return Err("the URL has no host".into());
        }
        Ok(Self {
            text: text.to_owned(),
            host,
        })
    }

    /// The URL as it is sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host alone, without its port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        let rest = self.text.split_once("://").map_or("", |(_, rest)| rest);
        let path = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
        path.split('?').next().unwrap_or_default()
    }

    /// Scheme and host: all of it that may be shown.
    pub fn shown(&self) -> String {
        let scheme = match self.is_plain() {
            true => "http",
            false => "https",
        };
        format!("{scheme}://{}/…", self.host)
    }

    /// Whether it is sent without TLS.
    pub fn is_plain(&self) -> bool {
        self.text
            .get(..7)
            .is_some_and(|s| s.eq_ignore_ascii_case("http://"))
    }

    /// Whether it stays on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self
                .host
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.to_canonical().is_loopback())
    }

    /// The same with segments added to the path, each encoded.
    pub fn below(&self, segments: &[&str]) -> Self {
        let (path, query) = match self.text.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (self.text.as_str(), None),
        };
        let mut text = path.trim_end_matches('/').to_owned();
        for segment in segments {
            text.push('/');
            text.push_str(&encoded(segment));
        }
        if let Some(query) = query {
            text.push('?');
            text.push_str(query);
        }
        Self {
            text,
            host: self.host.clone(),
        }
    }

    /// The same with a pair added to the query, encoded once.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let (joint, path) = match self.text.split_once('?') {
            Some((_, "")) => ("", ""),
            Some(_) => ("&", ""),
            // An empty path is written out: some servers do not take a query right behind a host.
            None if self.path().is_empty() => ("?", "/"),
            None => ("?", ""),
        };
        Self {
            text: format!(
                "{}{path}{joint}{}={}",
                self.text,
                encoded(name),
                encoded(value)
            ),
            host: self.host.clone(),
        }
    }

    /// Whether a query has a pair of this name.
    pub fn has(&self, name: &str) -> bool {
        let query = self.text.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(name))
    }

    /// Every part of it that could be a secret: all but the host, and what every URL of that service has.
    pub fn secrets(&self) -> Vec<String> {
        let mut parts: Vec<String> = self
            .path()
            .split('/')
            .chain(
                self.text
                    .split_once('?')
                    .map_or("", |(_, query)| query)
                    .split('&')
                    .filter_map(|pair| pair.split_once('=').map(|(_, value)| value)),
            )
            .filter(|part| part.len() >= 8 && !WORDS.contains(part))
            .map(str::to_owned)
            .collect();
        parts.push(self.text.clone());
        parts
    }
}

/// Text as it stands in a path or a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Endpoint {
        Endpoint::parse(text).unwrap()
    }

    #[test]
    fn what_is_no_address_is_told_without_repeating_it() {
        for (bad, why) in [
            ("", "empty"),
            ("hooks.example.org/secret", "no URL"),
            ("ftp://example.org/secret", "does not begin with https"),
            ("https:///secret", "no "),
            ("https://user:secret@example.org/", "user or password"),
            ("https://example.org/#secret", "fragment"),
            ("https://example.org/se cret", "character"),
            ("https://example.org/\u{fc}secret", "character"),
            ("https://example.org/\nsecret", "character"),
        ] {
            let said = Endpoint::parse(bad).unwrap_err();
            assert!(
                said.contains(why) && !said.contains("secret"),
                "{bad}: {said}"
            );
        }
        assert_eq!(
            url(" https://Example.org:8443/a?b=c\n").host(),
            "example.org"
        );
        assert_eq!(url("http://[::1]:80/x").host(), "::1");
    }

    #[test]
    fn only_the_host_is_shown() {
        let hook = url("https://hooks.example.org/services/T000/B000/abcdefgh?sig=12345678");
        assert_eq!(hook.shown(), "https://hooks.example.org/…");
        assert_eq!(format!("{hook:?}"), "https://hooks.example.org/…");
        assert_eq!(hook.secrets(), ["abcdefgh", "12345678", hook.as_str()]);
    }

    #[test]
    fn parts_are_added_encoded_once() {
        let base = url("https://hs.example.org/_matrix/?a=1");
        assert_eq!(
            base.below(&["!abc:ex.org", "x/y"]).as_str(),
            "https://hs.example.org/_matrix/%21abc%3Aex.org/x%2Fy?a=1"
        );
        assert_eq!(
            base.with("sign", "a+b/c=").as_str(),
            "https://hs.example.org/_matrix/?a=1&sign=a%2Bb%2Fc%3D"
        );
        assert_eq!(
            url("https://x.org").with("a", "b").as_str(),
            "https://x.org/?a=b"
        );
        assert!(base.has("a") && !base.has("b"));
        assert_eq!(
            url("https://x.org").below(&["m"]).as_str(),
            "https://x.org/m"
        );
    }

    #[test]
    fn what_stays_on_this_machine_is_known() {
        for local in [
            "http://localhost/",
            "http://127.0.0.2:1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://a.localhost/",
        ] {
            assert!(url(local).is_loopback(), "{local}");
        }
        assert!(!url("http://127.0.0.1.example.org/").is_loopback());
        assert!(url("HTTP://x.org/").is_plain() && !url("https://x.org/").is_plain());
    }
}
