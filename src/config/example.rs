//! Holds `config.example.toml`, the reference of the file for its readers, against the types.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::channel_keys::{ChannelKeys, ChannelKind, Delivery, Format};
use super::types::{BoardKeys, Defaults, File, Host, WorkerKeys};
use super::{Leftovers, cautions, template, validate};
use crate::board::run::Report;

const EXAMPLE: &str = include_str!("../../config.example.toml");

/// The example with the keys that are switched off switched on.
fn switched_on() -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| !c.is_whitespace()) => key.to_owned(),
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(on).collect::<Vec<_>>().join("\n")
}

/// The keys that a table may have, as serde lists them to whoever writes another.
pub(super) fn keys_of<T: DeserializeOwned>() -> BTreeSet<String> {
    let error = toml::from_str::<T>("no-such-key = 1").err().unwrap();
    let (_, expected) = error.message().split_once("expected").unwrap();
    expected
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn keys_in(table: &toml::Value) -> BTreeSet<String> {
    table.as_table().unwrap().keys().cloned().collect()
}

/// The keys of all tables below a table.
fn keys_below(tables: &toml::Value) -> BTreeSet<String> {
    tables
        .as_table()
        .unwrap()
        .values()
        .flat_map(keys_in)
        .collect()
}

#[test]
fn the_example_is_a_sound_file_with_the_defaults() {
    for text in [EXAMPLE, &switched_on()] {
        let file: File = toml::from_str(text).unwrap();
        let without_names = Defaults {
            default_assignee: None,
            review_worker: None,
            triage_worker: None,
            ..file.defaults.clone()
        };
        assert_eq!(without_names, Defaults::default());
        assert_eq!(file.host, Host::default());
        let without_file = Delivery {
            ca_file: None,
            ..file.delivery.clone()
        };
        assert_eq!(without_file, Delivery::default());
        let env = |name: &str| (name == "HOME").then(|| "/h".into());
        assert_eq!(validate::problems(&file, &env), [""; 0]);
        assert_eq!(cautions::of(&file, &env), [""; 0]);
    }
}

#[test]
fn a_key_that_is_switched_off_shows_its_default() {
    let file: File = toml::from_str(&switched_on()).unwrap();
    let (defaults, coder, board) = (
        Defaults::default(),
        &file.workers["coder"],
        &file.boards["website"],
    );
    let (ops, hook) = (&file.channels["ops"], &file.channels["hook"]);
    assert_eq!(
        coder.max_in_progress,
        Some(defaults.max_in_progress_per_worker)
    );
    assert_eq!(
        (coder.max_runtime, coder.grace),
        (Some(defaults.max_runtime), Some(defaults.grace))
    );
    assert_eq!(
        (coder.report, coder.leftovers),
        (Some(Report::default()), Leftovers::default())
    );
    assert!(!coder.pull && coder.env.is_empty() && coder.pass_env.is_empty());
    assert_eq!(board.max_in_progress, Some(defaults.max_in_progress));
    assert_eq!(board.failure_limit, Some(defaults.failure_limit));
    assert_eq!(ops.timeout, Some(Delivery::default().timeout));
    assert_eq!(hook.format, Some(Format::default()));
}

#[test]
fn whoever_copies_the_example_has_no_channel_yet() {
    let file: File = toml::from_str(EXAMPLE).unwrap();
    assert!(file.channels.is_empty());
}

#[test]
fn every_key_and_every_placeholder_is_shown() {
    let shown: toml::Value = toml::from_str(&switched_on()).unwrap();
    assert_eq!(keys_in(&shown), keys_of::<File>());
    assert_eq!(keys_in(&shown["defaults"]), keys_of::<Defaults>());
    assert_eq!(keys_in(&shown["host"]), keys_of::<Host>());
    assert_eq!(keys_below(&shown["boards"]), keys_of::<BoardKeys>());
    assert_eq!(keys_below(&shown["workers"]), keys_of::<WorkerKeys>());
    assert_eq!(keys_in(&shown["delivery"]), keys_of::<Delivery>());
    assert_eq!(keys_below(&shown["channels"]), keys_of::<ChannelKeys>());
    for kind in ChannelKind::ALL {
        assert!(EXAMPLE.contains(kind.as_str()), "{kind}");
    }
    for (name, _) in template::PLACEHOLDERS {
        assert!(EXAMPLE.contains(&format!("{{{name}}}")), "{name}");
    }
}

#[test]
fn every_key_has_its_reason_above_it() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    let mut explained = BTreeSet::new();
    for pair in lines.windows(2) {
        let is_key = |line: &str| {
            line.trim_start_matches('#')
                .starts_with(|c: char| c.is_ascii_lowercase())
        };
        let Some((key, _)) = pair[1].split_once(" = ").filter(|(key, _)| is_key(key)) else {
            continue;
        };
        // A later worker or channel need not explain again what the first one did.
        let key = key.trim_start_matches('#').to_owned();
        assert!(
            pair[0].starts_with("# ") || explained.contains(&key),
            "{key}"
        );
        explained.insert(key);
    }
}
