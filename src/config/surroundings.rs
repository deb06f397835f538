//! What a timer takes over from the shell that it is made in: its ticks get an almost empty environment
//! from cron or systemd, and the workers would not find their programs in it.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::effective::Config;
use super::paths::{self, Environment};
use super::types::Defaults;

/// The environment of a timer, and where this user's own timers live.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// What a tick has to be given.
    pub variables: Vec<(&'static str, OsString)>,
    /// The user's own home, if HOME says where it is.
    pub home: Option<PathBuf>,
    /// Where the configuration of every program of this user is.
    pub configs: Option<PathBuf>,
    /// Variables that are set here, that a worker's configuration asks for by name, and that are not
    /// among those above. They may be secrets, so they are written nowhere.
    pub left_behind: Vec<String>,
}

impl Surroundings {
    /// Those of this process.
    pub fn find(config: &Config) -> Self {
        Self::find_in(config, &|name| std::env::var_os(name))
    }

    /// The value of one of the variables.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_os_str())
    }

    fn find_in(config: &Config, env: Environment) -> Self {
        let home = paths::user_home(env);
        let mut variables = Vec::new();
        if let Some(path) = paths::variable(env, "PATH") {
            variables.push(("PATH", path));
        }
        if let Some(home) = &home {
            variables.push(("HOME", home.clone().into()));
        }
        // XDG_DATA_HOME may have chosen the home, and is not there at a tick either.
        let usual = home.as_ref().map(|home| home.join(".local/share/kanban"));
        let named = paths::variable(env, "KANBAN_HOME").is_some();
        if named || usual.as_ref() != Some(&config.home.dir) {
            variables.push(("KANBAN_HOME", config.home.dir.clone().into()));
        }
        if let Some(lang) = paths::variable(env, "LANG") {
            variables.push(("LANG", lang));
        }
        let usual: BTreeSet<String> = Defaults::default().pass_env.into_iter().collect();
        let given = |name: &str| variables.iter().any(|(known, _)| *known == name);
        let left_behind = config
            .passed
            .keys()
            .filter(|name| !usual.contains(*name) && !given(name))
            .cloned()
            .collect();
        Self {
            home,
            configs: paths::user_configs(env),
            left_behind,
            variables,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_from;

    fn found(vars: &[(&str, &str)], config: &str) -> (Surroundings, String) {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("c.toml");
        std::fs::write(&file, config).unwrap();
        let env = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
        let config = load_from(Some(&file), &env).unwrap();
        let surroundings = Surroundings::find_in(&config, &env);
        let variables: Vec<String> = surroundings
            .variables
            .iter()
            .map(|(name, value)| format!("{name}={}", value.to_string_lossy()))
            .collect();
        (surroundings, variables.join(" "))
    }

    #[test]
    fn what_chooses_the_home_is_taken_along_and_what_is_unset_is_not() {
        let (place, variables) = found(&[("HOME", "/h"), ("PATH", "/p"), ("LANG", "")], "");
        assert_eq!(variables, "PATH=/p HOME=/h");
        assert_eq!(place.configs, Some("/h/.config".into()));
        let (_, variables) = found(&[("HOME", "/h"), ("KANBAN_HOME", "~/k")], "");
        assert_eq!(variables, "HOME=/h KANBAN_HOME=/h/k");
        let (place, variables) = found(
            &[
                ("HOME", "/h"),
                ("XDG_DATA_HOME", "/d"),
                ("XDG_CONFIG_HOME", "/c"),
                ("LANG", "C.UTF-8"),
            ],
            "",
        );
        assert_eq!(variables, "HOME=/h KANBAN_HOME=/d/kanban LANG=C.UTF-8");
        assert_eq!(place.configs, Some("/c".into()));
    }

    #[test]
    fn what_a_worker_asks_for_and_a_tick_will_not_have_is_known() {
        let (place, variables) = found(
            &[
                ("HOME", "/h"),
                ("TZ", "UTC"),
                ("API_KEY", "secret"),
                ("OTHER", "x"),
            ],
            "[workers.w]\ncommand = ['true']\npass_env = ['API_KEY', 'UNSET', 'HOME']",
        );
        assert_eq!(place.left_behind, ["API_KEY"]);
        assert!(!variables.contains("secret"));
    }
}
