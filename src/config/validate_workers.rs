//! What must hold for the keys of a worker, and for those that name one.

use crate::board::run::Report;

use super::command;
use super::findings::{Findings, shown, variable};
use super::types::{File, Preset, WorkerKeys, words};

/// Who gets cards without being assigned to them has to be there. The profiles of Hermes are not in the file.
pub fn named_workers(file: &File, found: &mut Findings) {
    let d = &file.defaults;
    let mut named = vec![
        ("defaults.default_assignee".to_owned(), &d.default_assignee),
        ("defaults.review_worker".to_owned(), &d.review_worker),
        ("defaults.triage_worker".to_owned(), &d.triage_worker),
    ];
    for (name, keys) in &file.boards {
        let at = |key: &str| format!("boards.{}.{key}", shown(name));
        named.push((at("default_assignee"), &keys.default_assignee));
        named.push((at("review_worker"), &keys.review_worker));
        named.push((at("triage_worker"), &keys.triage_worker));
    }
    for (at, name) in named {
        let Some(name) = name.as_deref().filter(|name| !name.is_empty()) else {
            continue;
        };
        if file.hermes_home.is_none() && !file.workers.contains_key(name) {
            found.add(at, format!("no worker is called {name:?}"));
        }
    }
}

/// What is wrong with one worker.
pub fn worker(name: &str, keys: &WorkerKeys, found: &mut Findings) {
    if !is_worker_name(name) {
        let why =
            "is no name for a worker: 1 to 64 of A-Z a-z 0-9 _ . -, the first a letter or digit";
        found.add("workers", format!("{name:?} {why}"));
    }
    let at = |key: &str| format!("workers.{}.{key}", shown(name));
    let (shown_command, preset) = (words(&keys.command), keys.preset);
    if let Some(preset) = preset {
        if keys.pull {
            found.add(
                at("preset"),
                "a lane that people pull from starts nothing; remove one of them",
            );
        }
        if !keys.command.is_empty() && !preset.takes_command() {
            found.add(
                at("command"),
                format!("the preset {preset} is a command already; remove one of them"),
            );
        }
        if keys.command.is_empty() && preset.needs_command() {
            found.add(
                at("command"),
                format!("missing: the preset {preset} needs to know what to run"),
            );
        }
    }
    let without = keys.command.is_empty() && preset.is_none_or(Preset::needs_command);
    match (without, keys.pull) {
        (true, false) if preset.is_some() => {}
        (true, false) => found.add(at("command"), "missing; a lane without one has pull = true"),
        (false, true) if preset.is_none() => found.add(
            at("pull"),
            "a lane that people pull from has no command; remove one of them",
        ),
        _ => {}
    }
    for (key, command) in [
        ("command", &shown_command),
        ("cancel", &keys.cancel),
        ("verify", &keys.verify),
    ] {
        for problem in command::check(command) {
            found.add(at(key), problem);
        }
    }
    for problem in command::check_parts(&keys.command) {
        found.add(at("command"), problem);
    }
    let report = preset.map_or(keys.report, |preset| preset.fill_in(keys).report);
    if !keys.verify.is_empty() && report == Some(Report::Explicit) {
        found.add(
            at("verify"),
            "a worker that reports for itself has said so before anything could be verified; verify in the worker, or use report = \"exit\"",
        );
    }
    if shown_command
        .first()
        .is_some_and(|program| program.starts_with("~/"))
    {
        found.add(
            at("command"),
            "argument 0: only a shell would expand ~; write the path in full",
        );
    }
    for (name, value) in &keys.env {
        variable(&at("env"), name, found);
        if value.contains('\0') {
            found.add(at("env"), format!("the value of {name:?} has a NUL byte"));
        }
    }
    for name in &keys.pass_env {
        variable(&at("pass_env"), name, found);
    }
    if keys.max_in_progress == Some(0) {
        found.add(
            at("max_in_progress"),
            "0 would never start it; use pull = true or remove the worker",
        );
    }
    if keys.max_runtime.is_some_and(|span| span.0 == 0) {
        found.add(at("max_runtime"), "no run could finish; 1s or more");
    }
}

/// Whether a worker can be called that: safe in a path, a table and a command line.
pub fn is_worker_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
        && name.len() <= 64
}
