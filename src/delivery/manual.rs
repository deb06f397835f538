//! Holds `man/kanban-notifications.7`, which is written by hand, against the types that it tells of.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::Parcel;
use crate::board::delivery::State;
use crate::board::notice::{Card, KINDS, Next, Run, tests::notice};
use crate::config::{self, ChannelKeys, ChannelKind};

const PAGE: &str = include_str!("../../man/kanban-notifications.7");

/// A section, from its heading to the next.
fn section(name: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("\n.SH {name}\n")).unwrap();
    rest.split("\n.SH ").next().unwrap()
}

/// The words that the page shows as names.
fn names() -> BTreeSet<&'static str> {
    PAGE.lines()
        .filter(|line| line.starts_with(".B"))
        .filter_map(|line| line.split_once(' '))
        .flat_map(|(_, names)| names.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .collect()
}

fn keys_of(value: &impl Serialize) -> Vec<String> {
    let value = serde_json::to_value(value).unwrap();
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_kind_of_event_is_told_of_as_it_is() {
    let events = section("EVENTS");
    let mut rows = 0;
    for kind in &KINDS {
        let told = match (kind.usual, kind.decisive) {
            (true, true) => "told, at once",
            (true, false) => "told",
            _ => "",
        };
        let row = format!("\n{}|{told}|T{{\n{}\nT}}\n", kind.name, kind.phrase);
        assert!(events.contains(&row), "the page has not: {row}");
        rows += 1;
    }
    assert_eq!(events.matches("|T{\n").count(), rows);
}

#[test]
fn every_kind_of_channel_and_every_key_is_told_of() {
    let (channels, names) = (section("CHANNELS"), names());
    for kind in ChannelKind::ALL {
        assert!(channels.contains(&format!("\n{kind}|T{{\n")), "{kind}");
        assert!(channels.contains(&format!("\n.B {kind}\n")), "{kind}");
    }
    assert_eq!(
        channels.matches("\nT}|T{\n").count(),
        ChannelKind::ALL.len()
    );
    let keys = keys_of(&ChannelKeys::default());
    assert!(keys.len() > 30, "{keys:?}");
    for key in keys {
        assert!(names.contains(key.as_str()), "{key}");
    }
    for key in ["budget", "timeout", "ca_file", "private_addresses", "keep"] {
        assert!(names.contains(key), "{key}");
    }
    let states = "none".parse::<State>().unwrap_err();
    let (_, states) = states.split_once("there are ").unwrap();
    for state in states.split(", ") {
        assert!(PAGE.contains(&format!("\n.B {state}\n")), "{state}");
    }
}

/// What each path of a payload holds, as the page calls it. Null says nothing about what else there may be.
fn paths(value: &Value, at: &str, found: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    for (key, value) in value.as_object().unwrap() {
        let path = format!("{at}{key}");
        let kind = match value {
            _ if path == "event.payload" => "any",
            Value::Object(_) => {
                paths(value, &format!("{path}."), found);
                // The others are always there, and their parts say all.
                if !["task", "run"].contains(&key.as_str()) {
                    continue;
                }
                "object"
            }
            Value::Null => "null",
            Value::Array(_) => "array",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::Bool(_) => "true or false",
        };
        found.entry(path).or_default().insert(kind);
    }
}

/// Payloads without what may be missing, and one with all of it.
fn payloads(next: Next) -> [Value; 3] {
    let text = || Some("x".to_owned());
    let mut none = notice("completed", "x");
    none.next = next;
    let mut least = none.clone();
    least.event.id = None;
    (least.task, least.run) = (Some(Card::default()), Some(Run::default()));
    let mut all = none.clone();
    (none.task, none.run) = (None, None);
    all.task = Some(Card {
        assignee: text(),
        tenant: text(),
        created_by: text(),
        result: text(),
        ..Card::default()
    });
    all.run = Some(Run {
        id: 1,
        attempt: Some(1),
        worker: text(),
        outcome: text(),
        exit_code: Some(1),
        exit_signal: Some(1),
        duration_ms: Some(1),
        error: text(),
        summary: text(),
        last_line: text(),
    });
    [(none, None), (least, None), (all, text())].map(|(notice, to)| {
        let parcel = Parcel {
            id: "dlv_1".into(),
            at: 1,
            attempt: 1,
            notice,
            held_back: 1,
            thread: to.clone(),
            to,
        };
        parcel.payload()
    })
}

#[test]
fn every_key_of_the_payload_is_told_of_with_its_type() {
    let mut found = BTreeMap::new();
    for next in [
        Next::Nothing,
        Next::Retry { at: None },
        Next::Retry { at: Some(1) },
        Next::Person {
            command: String::new(),
        },
        Next::Released { cards: Vec::new() },
        Next::Lane { until: 1 },
    ] {
        let what = json!(next)["what"].as_str().unwrap().to_owned();
        assert!(names().contains(what.as_str()), "{what}");
        for payload in payloads(next) {
            paths(&payload, "", &mut found);
        }
    }
    let told: BTreeMap<String, String> = found
        .into_iter()
        .map(|(path, mut kinds)| {
            let or_null = kinds.remove("null").then_some(" or null");
            let kinds: Vec<&str> = kinds.into_iter().collect();
            (path, kinds.join(" or ") + or_null.unwrap_or_default())
        })
        .collect();
    let shown: BTreeMap<String, String> = section("PAYLOAD")
        .lines()
        .filter_map(|line| line.strip_prefix(".BR ")?.split_once(" \" ("))
        .filter_map(|(path, kind)| Some((path, kind.split([')', ';']).next()?)))
        .map(|(path, kind)| (path.to_owned(), kind.replace("array of text", "array")))
        .collect();
    assert_eq!(shown, told);
}

/// The examples, as they read.
fn examples() -> impl Iterator<Item = String> {
    PAGE.split("\n.EX\n").skip(1).map(|rest| {
        let example = rest.split("\n.EE\n").next().unwrap();
        example
            .replace("\\-", "-")
            .replace("\\(aq", "'")
            .replace("\\e", "\\")
    })
}

#[test]
fn what_is_to_be_copied_into_a_configuration_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    let env = |name: &str| (name == "HOME").then(|| folder.path().into());
    let channels: Vec<String> = examples()
        .filter(|text| text.starts_with("[channels."))
        .collect();
    assert!(channels.len() > 3);
    std::fs::write(&path, channels.join("\n")).unwrap();
    let config = config::load_from(Some(&path), &env).unwrap();
    assert_eq!(config.channels().count(), channels.len());
}
