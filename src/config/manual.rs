//! Holds `man/kanban-config.5`, which is written by hand, against the types that it tells of.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::channel_keys::{ChannelKeys, Delivery, Format};
use super::example::keys_of;
use super::template::PLACEHOLDERS;
use super::types::{BoardKeys, Defaults, File, Host, Part, Preset, WorkerKeys};
use crate::board::run::Report;

const PAGE: &str = include_str!("../../man/kanban-config.5");

/// What stands under a heading, up to the next one.
fn under(heading: &str) -> String {
    let (_, rest) = PAGE
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no {heading}"));
    let end = rest.find("\n.S").unwrap_or(rest.len());
    rest[..end].replace("\\-", "-")
}

/// The names that a part of the page defines, each with what stands in parentheses after it.
fn entries(text: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[0] == ".TP") {
        let (names, about) = match pair[1].split_once(" \" (") {
            Some((names, about)) => (names, about.trim_end_matches(")\"")),
            None => (pair[1], ""),
        };
        for name in names.split_whitespace().skip(1).filter(|n| *n != "\",") {
            all.insert(name.trim_matches('"').to_owned(), about.to_owned());
        }
    }
    all.remove("");
    all
}

/// Fails unless the keys under a heading are those of a table, each with the default that it has.
fn holds<T: Default + Serialize + DeserializeOwned>(heading: &str, otherwise: &[(&str, &str)]) {
    let told = entries(&under(heading));
    let known = keys_of::<T>();
    let names: Vec<&String> = told.keys().collect();
    assert_eq!(names, known.iter().collect::<Vec<_>>(), "{heading}");
    let defaults = toml::Value::try_from(T::default()).unwrap();
    for (key, about) in &told {
        let said = about.split_once("; ").map(|(_, default)| default);
        let real = otherwise
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, default)| (*default).to_owned())
            .or_else(|| match defaults.get(key) {
                Some(toml::Value::String(text)) => Some(text.clone()),
                Some(toml::Value::Array(_) | toml::Value::Table(_)) | None => None,
                Some(other) => Some(other.to_string()),
            });
        let inherited = said.is_some_and(|said| said.starts_with("that of "));
        assert!(
            said == real.as_deref() || (inherited && real.is_none()),
            "{heading} {key}: the page says {said:?}, it is {real:?}"
        );
    }
}

#[test]
fn every_key_is_told_of_with_its_default() {
    let pass_env = Defaults::default().pass_env;
    let defaults = under(".SS [defaults]");
    assert!(pass_env.iter().all(|name| defaults.contains(name)));
    holds::<Defaults>(".SS [defaults]", &[("pass_env", "as below")]);
    holds::<Host>(".SS [host]", &[]);
    holds::<BoardKeys>(".SS [boards.NAME]", &[]);
    let report = toml::Value::try_from(Report::default()).unwrap();
    holds::<WorkerKeys>(
        ".SS [workers.NAME]",
        &[("report", report.as_str().unwrap())],
    );
    holds::<Delivery>(".SS [delivery]", &[]);
    let format = toml::Value::try_from(Format::default()).unwrap();
    holds::<ChannelKeys>(
        ".SS [channels.NAME]",
        &[("format", format.as_str().unwrap())],
    );
    let mut top = keys_of::<File>();
    top.retain(|key| !PAGE.contains(&format!("\n.SS [{key}")));
    let told = entries(&under(".SS Top of the file"));
    assert!(top.iter().eq(told.keys()), "{top:?}");
}

#[test]
fn every_placeholder_is_told_of_as_it_is() {
    let text = under(".SH PLACEHOLDERS");
    for (name, what) in PLACEHOLDERS {
        let entry = format!("\n.B {{{name}}}\n");
        let (_, about) = text.split_once(&entry).unwrap_or_else(|| panic!("{name}"));
        let about = about.split("\n.").next().unwrap().replace('\n', " ");
        assert!(about.starts_with(what), "{name}: {about}");
    }
    assert_eq!(text.matches("\n.B {").count(), PLACEHOLDERS.len());
}

#[test]
fn every_preset_is_told_of_with_its_command() {
    let text = under(".SH PRESETS").replace('\n', " ");
    for preset in [
        Preset::Claude,
        Preset::Codex,
        Preset::Hermes,
        Preset::Shell,
        Preset::Slurm,
    ] {
        assert!(text.contains(&format!(".B {preset} ")), "{preset}");
        let command = preset.fill_in(&WorkerKeys::default()).command;
        let words: Vec<String> = command
            .iter()
            .map(|part| match part {
                Part::Word(word) if word.contains(' ') => format!("\"{word}\""),
                Part::Word(word) => word.clone(),
                Part::Group(words) => format!("[{}]", words.join(" ")),
            })
            .collect();
        // What the preset "shell" runs is told in words.
        let shown = preset == Preset::Shell || text.contains(&words.join(" "));
        assert!(shown, "{preset}: {}", words.join(" "));
    }
}
