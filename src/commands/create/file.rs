//! A file of cards: reading it, and checking it before the board is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::bounded;
use super::card::Card;
use crate::board::dependency::Release;
use crate::board::id::TaskId;
use crate::board::plan;
use crate::config::nearest;
use crate::exit::Failure;

/// The largest file: far above any graph, far below what would hurt to hold.
const SIZE_MAX: usize = 64 * 1_048_576;

/// What a card of a file says about other cards.
const LINKS: [&str; 4] = ["name", "parents", "after_failure", "after_any"];

/// What a card of a file says about itself: the keys of [`Card`].
pub const PROPERTIES: [&str; 20] = [
    "title",
    "body",
    "body_file",
    "assignee",
    "priority",
    "max_runtime",
    "max_retries",
    "idempotency_key",
    "at",
    "triage",
    "blocked",
    "workspace",
    "branch",
    "tenant",
    "model",
    "skills",
    "args",
    "verify",
    "goal",
    "goal_max_turns",
];

/// The cards of a file, as they are to be made.
#[derive(Debug)]
pub struct Plan {
    /// What the file is called in messages.
    pub shown: String,
    /// Where it looks for other files.
    pub folder: PathBuf,
    pub entries: Vec<Entry>,
    /// The places of the entries: each after those it waits for.
    pub order: Vec<usize>,
}

/// A card of a file.
#[derive(Debug)]
pub struct Entry {
    pub name: Option<String>,
    pub card: Card,
    pub parents: Vec<(Parent, Release)>,
    /// What it is called in messages.
    shown: String,
}

/// A card that another one waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parent {
    /// One of the same file, by its place.
    Here(usize),
    /// One of the board.
    There(TaskId),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Links {
    name: Option<String>,
    parents: Vec<String>,
    after_failure: Vec<String>,
    after_any: Vec<String>,
}

impl Plan {
    /// Reads a file of cards, `-` from standard input. `key` makes one for each card that has none of its own.
    pub fn read(path: &Path, key: Option<&str>) -> Result<Self> {
        let (shown, text) = match path.as_os_str() == "-" {
            true => (
                "standard input".to_owned(),
                bounded(std::io::stdin().lock(), SIZE_MAX).context("cannot read standard input")?,
            ),
            false => {
                let shown = path.display().to_string();
                let text = std::fs::File::open(path)
                    .map_err(Error::from)
                    .and_then(|file| bounded(file, SIZE_MAX))
                    .with_context(|| format!("cannot read {shown}"))?;
                (shown, text)
            }
        };
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        cards(path, &text)
            .and_then(|cards| Self::of(cards, key))
            .with_context(|| shown.clone())
            .map(|(entries, order)| Self {
                shown,
                folder,
                entries,
                order,
            })
    }

    fn of(cards: Vec<Value>, key: Option<&str>) -> Result<(Vec<Entry>, Vec<usize>)> {
        let mut named = BTreeMap::new();
        let mut read = Vec::with_capacity(cards.len());
        for (place, card) in cards.into_iter().enumerate() {
            let shown = called(place, &card);
            let one = self::card(card, key).with_context(|| shown.clone())?;
            if let Some(name) = &one.0.name
                && let Some(other) = named.insert(name.clone(), place)
            {
                let message = format!("{shown}: card {} has the same name", other + 1);
                return Err(Failure::usage(message).into());
            }
            read.push((shown, one));
        }
        distinct_keys(&read)?;
        let entries = read
            .into_iter()
            .map(|(shown, (links, card))| {
                let parents = parents(&links, &named).with_context(|| shown.clone())?;
                Ok(Entry {
                    name: links.name,
                    card,
                    parents,
                    shown,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let order = order(&entries)?;
        Ok((entries, order))
    }

    /// Says of which card an error speaks.
    pub fn at(&self, entry: &Entry) -> String {
        format!("{}: {}", self.shown, entry.shown)
    }
}

/// The cards of a text in either language: told by the end of the file's name, else by how it begins.
fn cards(path: &Path, text: &str) -> Result<Vec<Value>> {
    let begins_as_json = || {
        let text = text.trim_start();
        let list = text.strip_prefix('[').map(str::trim_start);
        text.starts_with('{') || list.is_some_and(|rest| rest.starts_with(['{', ']']))
    };
    let value = match path.extension().and_then(|end| end.to_str()) {
        Some("json") => json(text)?,
        Some("toml") => toml(text)?,
        _ if begins_as_json() => json(text)?,
        _ => toml(text)?,
    };
    let cards = match value {
        Value::Object(mut top) => {
            let cards = top.remove("cards");
            if let Some(other) = top.keys().next() {
                return Err(unknown(other, &["cards"]));
            }
            cards
        }
        list => Some(list),
    };
    match cards {
        Some(Value::Array(cards)) => Ok(cards),
        _ => Err(Failure::usage("there is no list called cards")
            .hint("write [[cards]] above each card, or {\"cards\": [{…}]} in JSON")
            .into()),
    }
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|e| Failure::usage(format!("this is no JSON: {e}")).into())
}

fn toml(text: &str) -> Result<Value> {
    let table: toml::Table = toml::from_str(text).map_err(|e| {
        let before = text
            .get(..e.span().map_or(0, |span| span.start))
            .unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let why = e.message().replace('\n', ", ");
        Failure::usage(format!("line {line}: this is no TOML: {why}"))
    })?;
    Ok(plain(toml::Value::Table(table)))
}

/// TOML as JSON: its dates and times become texts, which is what a card has for them.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is) => is.into(),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(list) => list.into_iter().map(plain).collect(),
        toml::Value::Table(table) => {
            let keys = table.into_iter().map(|(key, value)| (key, plain(value)));
            Value::Object(keys.collect())
        }
    }
}

/// What a card is called in messages: by its name, else by its place.
fn called(place: usize, card: &Value) -> String {
    match card.get("name").and_then(Value::as_str) {
        Some(name) => format!("card {name:?}"),
        None => format!("card {}", place + 1),
    }
}

fn card(card: Value, key: Option<&str>) -> Result<(Links, Card)> {
    let Value::Object(keys) = card else {
        return Err(Failure::usage("it is no table of keys").into());
    };
    let known = [LINKS.as_slice(), PROPERTIES.as_slice()].concat();
    if let Some(other) = keys.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(unknown(other, &known));
    }
    let (links, card): (Map<_, _>, Map<_, _>) = keys
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .partition(|(key, _)| LINKS.contains(&key.as_str()));
    let (links, mut card): (Links, Card) = (typed(links)?, typed(card)?);
    if let Some(name) = &links.name {
        plan::name(name).map_err(Failure::usage)?;
    }
    if card.title.is_none() {
        return Err(Failure::usage("it has no title").into());
    }
    let of_stdin =
        card.body_file.as_deref() == Some(Path::new("-")) || card.body.as_deref() == Some("-");
    if of_stdin {
        return Err(Failure::usage("body: a card of a file cannot read standard input").into());
    }
    if let (None, Some(key)) = (&card.idempotency_key, key) {
        let name = links.name.as_ref().ok_or_else(|| {
            Failure::usage(
                "with --idempotency-key, it needs a name or an idempotency_key of its own",
            )
        })?;
        card.idempotency_key = Some(format!("{key}/{name}"));
    }
    Ok((links, card))
}

/// Values as what they have to be; an error says at which key.
fn typed<T: for<'de> Deserialize<'de>>(keys: Map<String, Value>) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(keys)).map_err(|e| {
        let message = format!("{}: {}", e.path(), e.inner());
        Failure::usage(message).into()
    })
}

fn unknown(key: &str, known: &[&str]) -> Error {
    let failure = Failure::usage(format!("unknown key {key:?}"));
    match nearest(key, known.iter().copied()) {
        Some(near) => failure.hint(format!("did you mean {near:?}?")).into(),
        None => failure
            .hint(format!("there are {}", known.join(", ")))
            .into(),
    }
}

/// Two cards of one key would be one card.
fn distinct_keys(read: &[(String, (Links, Card))]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (shown, (_, card)) in read {
        if let Some(key) = &card.idempotency_key
            && !seen.insert(key)
        {
            let message = format!("{shown}: another card has the idempotency_key {key:?}");
            return Err(Failure::usage(message).into());
        }
    }
    Ok(())
}

/// What a card waits for: names of the file come before ids of the board, and cannot look like these.
fn parents(links: &Links, named: &BTreeMap<String, usize>) -> Result<Vec<(Parent, Release)>> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for (key, texts, on) in [
        ("parents", &links.parents, Release::Success),
        ("after_failure", &links.after_failure, Release::Failure),
        ("after_any", &links.after_any, Release::Any),
    ] {
        for text in texts {
            let parent = match named.get(text) {
                Some(place) => Parent::Here(*place),
                None => Parent::There(text.parse().map_err(|_| stranger(key, text, named))?),
            };
            if !seen.insert(parent.clone()) {
                let message = format!("{key}: it waits for {text:?} twice");
                return Err(Failure::usage(message).into());
            }
            all.push((parent, on));
        }
    }
    Ok(all)
}

fn stranger(key: &str, text: &str, named: &BTreeMap<String, usize>) -> Failure {
    let message = format!("{key}: {text:?} is no name of this file and no id");
    let failure = Failure::usage(message);
    match nearest(text, named.keys().map(String::as_str)) {
        Some(near) => failure.hint(format!("did you mean {near:?}?")),
        None => failure,
    }
}

fn order(entries: &[Entry]) -> Result<Vec<usize>> {
    let above: Vec<Vec<usize>> = entries
        .iter()
        .map(|entry| {
            let here = entry.parents.iter().filter_map(|(parent, _)| match parent {
                Parent::Here(place) => Some(*place),
                Parent::There(_) => None,
            });
            here.collect()
        })
        .collect();
    plan::order(&above).map_err(|circle| {
        let names: Vec<&str> = circle
            .iter()
            .chain(circle.first())
            .map(|place| entries[*place].shown.as_str())
            .collect();
        let message = format!("{} (each waits for the next)", names.join(" → "));
        anyhow!(
            Failure::refused(message)
                .hint("a circle of cards would never start; take one link out")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Args;

    #[test]
    fn the_keys_of_a_file_are_the_options_of_the_command() {
        let options = Card::augment_args(clap::Command::new("create"));
        let names: Vec<&str> = options
            .get_arguments()
            .map(|a| a.get_id().as_str())
            .collect();
        assert_eq!(names, PROPERTIES);
        for key in PROPERTIES.into_iter().chain(LINKS) {
            let card = serde_json::json!({key: {"no": "table"}});
            let said = format!("{:#}", self::card(card, None).unwrap_err());
            assert!(said.starts_with(&format!("{key}: invalid type")), "{said}");
        }
    }

    #[test]
    fn either_language_is_told_by_the_name_or_by_the_beginning() {
        let toml = "[[cards]]\ntitle = 'a'\nat = 2026-12-24T18:00:00Z\n";
        for (name, text) in [
            ("-", toml),
            ("x.toml", toml),
            (
                "-",
                "{\"cards\": [{\"title\": \"a\", \"at\": \"2026-12-24T18:00:00Z\"}]}",
            ),
            (
                "x.json",
                "[{\"title\": \"a\", \"at\": \"2026-12-24T18:00:00Z\"}]",
            ),
            (
                "x",
                " [ {\"title\": \"a\", \"at\": \"2026-12-24T18:00:00Z\"}]",
            ),
        ] {
            let read = cards(Path::new(name), text).unwrap();
            let expected = serde_json::json!({"title": "a", "at": "2026-12-24T18:00:00Z"});
            assert_eq!(read, [expected], "{name} {text}");
        }
        assert_eq!(cards(Path::new("-"), "[]").unwrap().len(), 0);
        for text in ["", "cards = 1", "card = []", "{", "[[cards]]\ntitle = "] {
            assert!(cards(Path::new("-"), text).is_err(), "{text}");
        }
    }
}
