//! The house rules that a program can check: who may use whom, and what lives behind one module.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each module may use of the crate. A module may always use its own parts.
const MAY_USE: [(&str, &[&str]); 16] = [
    ("exit", &[]),
    ("time", &["exit"]),
    ("fsx", &["exit"]),
    ("platform", &["fsx"]),
    ("board", &["time"]),
    ("config", &["board", "time", "fsx", "exit"]),
    ("store", &["board", "time", "fsx", "platform", "exit"]),
    ("worker", &["board", "time", "fsx", "platform", "exit"]),
    ("delivery", &["config", "board", "time", "fsx", "exit"]),
    ("render", &["board", "time", "exit"]),
    ("hosts", &["board", "time", "exit"]),
    (
        "tick",
        &[
            "store", "worker", "delivery", "render", "config", "board", "time", "fsx", "platform",
            "exit",
        ],
    ),
    (
        "supervise",
        &[
            "tick", "store", "worker", "config", "board", "time", "fsx", "platform", "exit",
        ],
    ),
    (
        "commands",
        &[
            "supervise",
            "tick",
            "store",
            "worker",
            "delivery",
            "render",
            "hosts",
            "config",
            "board",
            "time",
            "fsx",
            "platform",
            "exit",
        ],
    ),
    ("cli", &["commands", "board", "exit"]),
    ("lib", &["cli", "commands", "store", "render", "exit"]),
];

fn sources() -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path == root.join("build.rs") {
                // Runs when the program is built, and is no part of it.
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.insert(
                    path.strip_prefix(&root).unwrap().to_owned(),
                    std::fs::read_to_string(&path).unwrap(),
                );
            }
        }
    }
    files
}

fn module(path: &Path) -> String {
    let first = path.iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// Code lines without comments, and without the tests at the end of a file.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The modules of the crate that a text names: `crate::x`, or each of `crate::{x, y::z}`.
fn used(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (_, rest) in text
        .match_indices("crate::")
        .map(|(i, m)| (i, &text[i + m.len()..]))
    {
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or("").split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let name: String = name
                .trim()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            found.push(name);
        }
    }
    found
}

#[test]
fn layers_point_down() {
    let table: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let own = module(&path);
        let Some(allowed) = table.get(own.as_str()) else {
            assert_eq!(own, "main", "{} is in no layer", path.display());
            continue;
        };
        for name in used(&code(&text)) {
            if name != own && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{} uses {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_use_lines_sees_what_it_has_to_see() {
    let text =
        "use crate::store::tasks;\nuse crate::{fsx, time::now};\nlet x = crate::render::json(1);";
    assert_eq!(used(text), ["store", "fsx", "time", "render"]);
}

#[test]
fn each_technology_lives_behind_one_module() {
    let rules: [(&str, &[&str]); 11] = [
        ("rusqlite", &["store"]),
        ("ureq", &["delivery"]),
        ("schemars::", &["commands"]),
        ("Command::new(", &["worker"]),
        ("fork::fork", &["worker"]),
        ("std::env::var", &["config", "time", "platform", "render"]),
        ("env::var(", &["config", "time", "platform", "render"]),
        ("clap::", &["cli", "commands", "lib"]),
        ("process::exit", &[]),
        ("SystemTime", &[]),
        ("target_os", &["platform"]),
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (word, modules) in rules {
            if code(&text).contains(word) && !modules.contains(&module(&path).as_str()) {
                wrong.push(format!("{} has {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    for (path, text) in sources() {
        assert!(
            text.starts_with("//! "),
            "{} does not say what it is for",
            path.display()
        );
        let lines = text.lines().count();
        assert!(
            lines <= 450,
            "{} has {lines} lines: make another room",
            path.display()
        );
    }
}
