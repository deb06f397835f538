//! What is allowed in the configuration and still likely to be a mistake.
//!
//! Only values are looked at; none of this keeps the file from being used.

use std::collections::BTreeMap;
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
    found.0
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
    }
}
