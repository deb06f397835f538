//! What is allowed in the configuration and still likely to be a mistake.
//!
//! Only values are looked at; none of this keeps the file from being used.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use super::command;
use super::findings::Findings;
use super::paths::Environment;
use super::types::{File, Preset, words};
use super::validate::board_path;

/// The cautions about a file, each with the key it stands at.
pub fn of(file: &File, env: Environment) -> Vec<String> {
    let mut found = Findings::default();
    let d = &file.defaults;
    if d.tempfail_delay.0 > d.retry_delay_max.0 {
        found.add(
            "defaults.tempfail_delay",
            "longer than retry_delay_max, which holds",
        );
    }
    if d.grace.0 > d.max_runtime.0 {
        found.add("defaults.grace", "longer than max_runtime");
    }
    let mut folders: BTreeMap<PathBuf, &str> = BTreeMap::new();
    for (name, keys) in &file.boards {
        let Some(Ok(path)) = keys.path.as_deref().map(|path| board_path(path, env)) else {
            continue;
        };
        if let Some(other) = folders.insert(path, name) {
            found.add(
                format!("boards.{name}.path"),
                format!("the folder of the board {other} too"),
            );
        }
    }
    let mut pages: BTreeMap<PathBuf, &str> = BTreeMap::new();
    for (name, keys) in &file.boards {
        let Some(Ok(path)) = keys.report.as_deref().map(|path| board_path(path, env)) else {
            continue;
        };
        if let Some(other) = pages.insert(path, name) {
            found.add(
                format!("boards.{name}.report"),
                format!("the page of the board {other} too, and each writes over the other"),
            );
        }
    }
    for (name, keys) in &file.workers {
        let at = |key: &str| format!("workers.{name}.{key}");
        let own = keys.grace.is_some() || keys.max_runtime.is_some();
        if own && keys.grace.unwrap_or(d.grace).0 > keys.max_runtime.unwrap_or(d.max_runtime).0 {
            found.add(at("grace"), "longer than max_runtime");
        }
        if keys.preset == Some(Preset::Shell) {
            found.add(
                at("preset"),
                "runs the body of a card as a script: whoever can make cards can run anything as you",
            );
        }
        for caution in command::cautions(&words(&keys.command)) {
            found.add(at("command"), caution);
        }
    }
    for (name, keys) in &file.channels {
        if keys
            .url
            .as_ref()
            .is_some_and(|url| travels_in_the_clear(url.reveal()))
        {
            found.add(
                format!("channels.{name}.url"),
                "http:// to another machine: its secrets travel in the clear; https:// if it can",
            );
        }
    }
    found.0
}

/// Whether a URL leads off this machine without TLS. What is wrong with it otherwise is said where it is used.
fn travels_in_the_clear(url: &str) -> bool {
    let Some((scheme, rest)) = url.trim().split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let host = match place.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => place.split(':').next(),
    };
    let host = host.unwrap_or_default().to_ascii_lowercase();
    let here = host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback());
    scheme.eq_ignore_ascii_case("http") && !here
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cautions_of(text: &str) -> String {
        let env = |name: &str| (name == "HOME").then(|| "/h".into());
        of(&toml::from_str(text).unwrap(), &env).join("; ")
    }

    #[test]
    fn likely_mistakes_are_cautioned_against() {
        for (odd, caution) in [
            (
                "[defaults]\nretry_delay_max = '30s'",
                "defaults.tempfail_delay: ",
            ),
            ("[defaults]\nmax_runtime = '5s'", "defaults.grace: longer"),
            (
                "[workers.x]\ncommand = ['a']\nmax_runtime = '5s'",
                "workers.x.grace: longer",
            ),
            (
                "[workers.x]\ncommand = ['sh', '-c', 'cd {workspace}']",
                "workers.x.command: argument 2",
            ),
            (
                "[boards.a]\npath = '~/b'\n[boards.c]\npath = '/h/b/'",
                "boards.c.path: the folder of the board a too",
            ),
            (
                "[boards.a]\nreport = '~/b'\n[boards.c]\nreport = '/h/b'",
                "boards.c.report: the page of the board a too",
            ),
            (
                "[channels.x]\nkind = 'gotify'\nurl = 'HTTP://gotify.lan:80/'\ntoken_file = '/t'",
                "channels.x.url: http:// to another machine",
            ),
            (
                "[channels.x]\nkind = 'webhook'\nurl = 'http://localhost@[2001:db8::1]/'",
                "channels.x.url: http:// to another machine",
            ),
        ] {
            let cautions = cautions_of(odd);
            assert!(cautions.contains(caution), "{odd}: {cautions}");
        }
    }

    #[test]
    fn an_ordinary_file_gives_no_cause() {
        let text =
            "[boards.a]\npath = '~/b'\n[boards.b]\npath = '/b'\n[workers.x]\ncommand = ['x']";
        assert_eq!(cautions_of(text), "");
        for url in [
            "https://example.org/x",
            "http://localhost:8080/x",
            "http://a.localhost",
            "http://127.0.0.2?x",
            "http://[::1]:80/",
            "http://[::ffff:127.0.0.1]/",
            "no url",
        ] {
            let text = format!("[channels.x]\nkind = 'webhook'\nurl = '{url}'");
            assert_eq!(cautions_of(&text), "", "{url}");
        }
        let text = "[channels.x]\nkind = 'telegram'\ntoken_env = 'T'\nsubscribed_only = true";
        assert_eq!(cautions_of(text), "");
    }

    #[test]
    fn a_caution_does_not_repeat_an_address() {
        let text = "[channels.x]\nkind = 'webhook'\nurl = 'http://example.org/s3cret'";
        let cautions = cautions_of(text);
        assert!(cautions.contains("in the clear") && !cautions.contains("s3cret"));
    }
}
