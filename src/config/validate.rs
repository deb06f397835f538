//! What must hold between the keys of the configuration beyond their types.
//!
//! Everything that is wrong is collected, each with the key it stands at, so that a file is put right in
//! one go. Only values are looked at; whether a program exists is asked elsewhere.

use std::path::{Path, PathBuf};

use crate::board::id::Slug;
use crate::time::{Seconds, spell};

use super::findings::{Findings, shown, variable};
use super::paths::{Environment, expand};
use super::types::{BoardKeys, Defaults, File};
use super::validate_channels::channels;
use super::validate_workers::{named_workers, worker};

/// A claim must outlast a supervisor that is slow to extend it.
const CLAIM_TTL_MIN: Seconds = 60;
/// Every slot of the machine is a lock file that may have to be tried.
const HOST_MAX: u32 = 10_000;
/// Every rotation renames each log that is kept.
const LOG_KEEP_MAX: u32 = 100;

/// Everything that is wrong with a file; such a file is not used.
pub fn problems(file: &File, env: Environment) -> Vec<String> {
    let mut found = Findings::default();
    defaults(&file.defaults, &mut found);
    match file.host.max_in_progress {
        0 => found.add(
            "host.max_in_progress",
            "0 would never start anything; 1 or more",
        ),
        1..=HOST_MAX => {}
        _ => found.add("host.max_in_progress", format!("{HOST_MAX} at most")),
    }
    if let Some(Err(why)) = file
        .hermes_home
        .as_deref()
        .map(|path| board_path(path, env))
    {
        found.add("hermes_home", why);
    }
    for (name, keys) in &file.boards {
        board(name, keys, env, &mut found);
    }
    for (name, keys) in &file.workers {
        worker(name, keys, &mut found);
    }
    named_workers(file, &mut found);
    channels(file, env, &mut found);
    found.0
}

/// The folder of a board as the file gives it, or why it is none.
pub fn board_path(path: &str, env: Environment) -> Result<PathBuf, String> {
    if path.contains('\0') {
        return Err("a path cannot have a NUL byte".into());
    }
    let expanded = expand(Path::new(path), env).map_err(|failure| failure.to_string())?;
    if !expanded.is_absolute() {
        return Err(format!("{path:?} is not absolute; begin it with / or ~/"));
    }
    Ok(expanded)
}

fn defaults(d: &Defaults, found: &mut Findings) {
    for (key, value) in [
        ("max_in_progress", d.max_in_progress),
        ("max_in_progress_per_worker", d.max_in_progress_per_worker),
        ("failure_limit", d.failure_limit),
        ("tempfail_limit", d.tempfail_limit),
        ("spawn_failure_limit", d.spawn_failure_limit),
        ("run_limit", d.run_limit),
        ("review_limit", d.review_limit),
    ] {
        found.at_least_one(format!("defaults.{key}"), value);
    }
    if d.retry_delay.0 > d.retry_delay_max.0 {
        let max = spell(d.retry_delay_max.0);
        found.add(
            "defaults.retry_delay",
            format!("longer than retry_delay_max, which is {max}"),
        );
    }
    if d.claim_ttl.0 < CLAIM_TTL_MIN {
        found.add(
            "defaults.claim_ttl",
            format!("{} at least", spell(CLAIM_TTL_MIN)),
        );
    }
    if d.max_runtime.0 == 0 {
        found.add("defaults.max_runtime", "no run could finish; 1s or more");
    }
    if d.log_keep > LOG_KEEP_MAX {
        found.add("defaults.log_keep", format!("{LOG_KEEP_MAX} at most"));
    }
    for name in &d.pass_env {
        variable("defaults.pass_env", name, found);
    }
}

fn board(name: &str, keys: &BoardKeys, env: Environment, found: &mut Findings) {
    if let Err(why) = name.parse::<Slug>() {
        found.add("boards", why);
    }
    let at = |key: &str| format!("boards.{}.{key}", shown(name));
    if let Some(Err(why)) = keys.path.as_deref().map(|path| board_path(path, env)) {
        found.add(at("path"), why);
    }
    if let Some(Err(why)) = keys
        .default_workdir
        .as_deref()
        .map(|path| board_path(path, env))
    {
        found.add(at("default_workdir"), why);
    }
    match keys.report.as_deref().map(|path| board_path(path, env)) {
        Some(Err(why)) => found.add(at("report"), why),
        Some(Ok(path))
            if path.file_name().is_none() || keys.report.iter().any(|p| p.ends_with('/')) =>
        {
            found.add(at("report"), "a folder; name the file of the page");
        }
        _ => {}
    }
    for (key, value) in [
        ("max_in_progress", keys.max_in_progress),
        ("failure_limit", keys.failure_limit),
    ] {
        found.at_least_one(at(key), value.unwrap_or(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn env(name: &str) -> Option<OsString> {
        (name == "HOME").then(|| "/h".into())
    }

    fn problems_of(text: &str) -> Vec<String> {
        problems(&toml::from_str(text).unwrap(), &env)
    }

    #[test]
    fn a_sound_file_has_no_problems() {
        for good in [
            "",
            "[defaults]\nretry_delay = '0s'\ngrace = '0s'",
            "[workers.me]\npull = true",
            "[workers.'a.b-C_1']\ncommand = ['x', '{prompt}']\nenv = { _A1 = '' }",
            "[boards.a]\npath = '~/b'\n[boards.b]\npath = '/b'\nmax_in_progress = 1",
        ] {
            assert_eq!(problems_of(good), [""; 0], "{good}");
        }
    }

    #[test]
    fn every_problem_is_named_with_its_key() {
        for (bad, key) in [
            (
                "[defaults]\nmax_in_progress = 0",
                "defaults.max_in_progress: 0",
            ),
            (
                "[defaults]\nmax_in_progress_per_worker = 0",
                "defaults.max_in_progress_per_worker: 0",
            ),
            ("[defaults]\nfailure_limit = 0", "defaults.failure_limit: 0"),
            (
                "[defaults]\ntempfail_limit = 0",
                "defaults.tempfail_limit: 0",
            ),
            (
                "[defaults]\nspawn_failure_limit = 0",
                "defaults.spawn_failure_limit: 0",
            ),
            ("[defaults]\nrun_limit = 0", "defaults.run_limit: 0"),
            (
                "[defaults]\nreview_worker = 'nobody'",
                "defaults.review_worker: no worker is called \"nobody\"",
            ),
            (
                "[boards.a]\ntriage_worker = 'nobody'",
                "boards.a.triage_worker: no worker",
            ),
            (
                "[boards.a]\ndefault_workdir = 'x'",
                "boards.a.default_workdir: ",
            ),
            (
                "[boards.a]\nreport = 'x.html'",
                "boards.a.report: \"x.html\" is not absolute",
            ),
            ("[boards.a]\nreport = '/srv/'", "boards.a.report: a folder"),
            ("hermes_home = 'x'", "hermes_home: \"x\" is not absolute"),
            (
                "[defaults]\nretry_delay = '2h'",
                "defaults.retry_delay: longer than retry_delay_max, which is 1h",
            ),
            (
                "[defaults]\nclaim_ttl = '59s'",
                "defaults.claim_ttl: 1m at least",
            ),
            ("[defaults]\nmax_runtime = '0s'", "defaults.max_runtime: "),
            (
                "[defaults]\nlog_keep = 4294967295",
                "defaults.log_keep: 100 at most",
            ),
            ("[defaults]\npass_env = ['A*']", "defaults.pass_env: \"A*\""),
            ("[host]\nmax_in_progress = 0", "host.max_in_progress: 0"),
            (
                "[host]\nmax_in_progress = 4294967295",
                "host.max_in_progress: 10000 at most",
            ),
            ("[boards.'../x']", "boards: \"../x\" is not a board name"),
            (
                "[boards.X]\nmax_in_progress = 0",
                "boards.X.max_in_progress: 0",
            ),
            ("[boards.x]\nfailure_limit = 0", "boards.x.failure_limit: 0"),
            (
                "[boards.x]\npath = ''",
                "boards.x.path: \"\" is not absolute",
            ),
            (
                "[boards.x]\npath = 'b'",
                "boards.x.path: \"b\" is not absolute",
            ),
            (
                "[boards.x]\npath = '~u/b'",
                "boards.x.path: \"~u/b\" is not absolute",
            ),
            (
                "[boards.x]\npath = \"/a\\u0000b\"",
                "boards.x.path: a path cannot have a NUL",
            ),
            ("[workers.x]", "workers.x.command: missing"),
            ("[workers.x]\ncommand = []", "workers.x.command: missing"),
            (
                "[workers.x]\ncommand = ['a']\npull = true",
                "workers.x.pull: a lane that people pull from",
            ),
            ("[workers.'-x']\npull = true", "workers: \"-x\" is no name"),
            ("[workers.'']\npull = true", "workers: \"\" is no name"),
            (
                "[workers.\"a\\n\"]\npull = true",
                "workers: \"a\\n\" is no name",
            ),
            (
                "[workers.x]\ncommand = ['']",
                "workers.x.command: the program name is empty",
            ),
            (
                "[workers.'x.y']\ncommand = ['a', '{b}']",
                "workers.\"x.y\".command: argument 1: {b}",
            ),
            (
                "[workers.x]\ncommand = ['~/a']",
                "workers.x.command: argument 0: only a shell",
            ),
            (
                "[workers.x]\ncommand = ['a']\nmax_in_progress = 0",
                "use pull = true or remove",
            ),
            (
                "[workers.x]\ncommand = ['a']\nmax_runtime = '0s'",
                "workers.x.max_runtime: ",
            ),
            (
                "[workers.x]\ncommand = ['a']\nenv = { '1A' = '' }",
                "workers.x.env: \"1A\" is no name",
            ),
            (
                "[workers.x]\ncommand = ['a']\nenv = { 'A=B' = '' }",
                "workers.x.env: \"A=B\" is no name",
            ),
            (
                "[workers.x]\ncommand = ['a']\nenv = { '' = '' }",
                "workers.x.env: \"\" is no name",
            ),
            (
                "[workers.x]\ncommand = ['a']\nenv = { KANBAN_TASK = 'x' }",
                "KANBAN_TASK is not free",
            ),
            (
                "[workers.x]\ncommand = ['a']\nenv = { A = \"\\u0000\" }",
                "the value of \"A\" has a NUL",
            ),
            (
                "[workers.x]\ncommand = ['a']\npass_env = ['KANBAN_TOKEN']",
                "KANBAN_TOKEN is not free",
            ),
        ] {
            let problems = problems_of(bad).join("; ");
            assert!(problems.contains(key), "{bad}: {problems}");
        }
    }

    #[test]
    fn all_problems_are_collected() {
        let text =
            "[host]\nmax_in_progress = 0\n[boards.B]\n[workers.x]\n[workers.'y z']\npull = true";
        assert_eq!(problems_of(text).len(), 4, "{:?}", problems_of(text));
        let lost = problems(
            &toml::from_str("[boards.x]\npath = '~/b'").unwrap(),
            &|_| None,
        );
        assert!(lost[0].contains("HOME is not set"), "{lost:?}");
    }
}
