//! Questions about the workers: which there are, and the environment that each is started in.
//!
//! Nothing is started here, and what a run adds to the environment (`KANBAN_…`) is not known here.

use std::collections::BTreeMap;
use std::ffi::OsString;

use anyhow::Result;

use crate::exit::Failure;

use super::effective::Config;
use super::nearest::nearest;
use super::types::Preset;
use super::validate_workers;
use super::worker::Worker;

/// The search path of a worker whose tick has none, as under some service managers.
const PATH_FALLBACK: &str = "/usr/local/bin:/usr/bin:/bin";

impl Config {
    /// A worker by the name that cards are assigned to.
    pub fn worker(&self, name: &str) -> Option<&Worker> {
        self.workers.get(name)
    }

    /// Every worker, by name.
    pub fn workers(&self) -> impl Iterator<Item = &Worker> {
        self.workers.values()
    }

    /// A worker by name, or a refusal that says which there are.
    pub fn require_worker(&self, name: &str) -> Result<&Worker> {
        self.worker(name).ok_or_else(|| self.no_worker(name).into())
    }

    fn no_worker(&self, name: &str) -> Failure {
        let of = |pull: bool| {
            let names = self.workers().filter(|worker| worker.pull == pull);
            names
                .map(|worker| worker.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let there_are = match (of(false), of(true)) {
            (started, pulled) if started.is_empty() && pulled.is_empty() => {
                let example = if validate_workers::is_worker_name(name) {
                    name
                } else {
                    "NAME"
                };
                let file = self
                    .path
                    .as_deref()
                    .unwrap_or(self.home.dir.as_path())
                    .display();
                return Failure::refused(format!(
                    "no worker is called {name:?}, and none is declared"
                ))
                .hint(format!(
                    "add [workers.{example}] with command = [\"sh\", \"-c\", \"…\"] to {file}"
                ));
            }
            (started, pulled) if pulled.is_empty() => format!("there are {started}"),
            (started, pulled) if started.is_empty() => {
                format!("there are only lanes to pull from: {pulled}")
            }
            (started, pulled) => format!("there are {started} (pull: {pulled})"),
        };
        let failure = Failure::refused(format!("no worker is called {name:?}; {there_are}"));
        match nearest(name, self.workers.keys().map(String::as_str)) {
            Some(meant) => failure.hint(format!("did you mean {meant:?}?")),
            None => failure,
        }
    }

    /// The environment of a worker, apart from what its run adds: what it gets of ours, then its own.
    /// There always is a `PATH`.
    pub fn worker_env(&self, worker: &Worker) -> BTreeMap<OsString, OsString> {
        let mut env = BTreeMap::from([("PATH".into(), PATH_FALLBACK.into())]);
        if worker.preset == Some(Preset::Hermes) {
            env.extend(self.whole_env.iter().cloned());
        }
        for name in &worker.pass_env {
            if let Some(value) = self.passed.get(name) {
                env.insert(name.into(), value.clone());
            }
        }
        env.extend(
            worker
                .env
                .iter()
                .map(|(name, value)| (name.into(), value.into())),
        );
        env
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::effective::tests::{TEXT, config, config_with};
    use crate::exit::{Kind, kind};
    use std::ffi::OsStr;

    #[test]
    fn a_worker_gets_what_is_listed_and_its_own_on_top() {
        let (_root, config) = config(TEXT);
        let env = config.worker_env(config.worker("coder").unwrap());
        let of = |name: &str| env.get(OsStr::new(name)).and_then(|value| value.to_str());
        assert_eq!(
            (of("PATH"), of("LANG"), of("TOKEN")),
            (Some("/p"), Some("own"), Some("t"))
        );
        assert_eq!(
            (of("EXTRA"), of("ABSENT"), of("SECRET")),
            (Some("our EXTRA"), None, None)
        );
        let env = config.worker_env(config.worker("me").unwrap());
        assert_eq!(
            (env.len(), env.get(OsStr::new("EXTRA"))),
            (3, None),
            "{env:?}"
        );

        let (_root, bare) =
            config_with("[defaults]\npass_env = []\n[workers.me]\npull = true", None);
        let env = bare.worker_env(bare.worker("me").unwrap());
        assert_eq!(env, BTreeMap::from([("PATH".into(), PATH_FALLBACK.into())]));
    }

    #[test]
    fn a_worker_that_does_not_exist_is_refused_with_a_way_out() {
        let (_root, some) = config(TEXT);
        let complaint = |config: &Config, name: &str| {
            let error = config.require_worker(name).unwrap_err();
            assert_eq!(kind(&error), Kind::Refused);
            error.to_string()
        };
        assert_eq!(some.require_worker("coder").unwrap().name, "coder");
        assert_eq!(
            complaint(&some, "Coder"),
            "no worker is called \"Coder\"; there are coder (pull: me); did you mean \"coder\"?"
        );
        assert_eq!(
            complaint(&some, "x\n"),
            "no worker is called \"x\\n\"; there are coder (pull: me)"
        );
        let (_root, pull) = config("[workers.me]\npull = true");
        assert!(complaint(&pull, "coder").ends_with("there are only lanes to pull from: me"));
        let (_root, none) = config("");
        let text = complaint(&none, "coder");
        assert!(
            text.contains("add [workers.coder] with command = ") && text.ends_with("config.toml"),
            "{text}"
        );
        assert!(complaint(&none, "a\"]\u{1b}").contains("add [workers.NAME]"));
    }
}
