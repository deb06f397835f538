//! What the configuration comes to for a board, a worker or a card once its defaults are filled in.
//!
//! Everything that depends on the environment was taken from it when the file was read: the same
//! configuration gives the same answers for as long as a command runs.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::board::id::Slug;
use crate::board::retry::Policy;

use super::channel::{self, Channel};
use super::hermes::{self, Hermes};
use super::load::Source;
use super::paths::{Environment, Home};
use super::preset;
use super::types::{BoardKeys, Defaults, File, Preset, WorkerKeys};
use super::validate_channels::secret_variables;
use super::worker::Worker;
use super::{program, validate};

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file as it was written.
    pub file: File,
    /// Where the file is, or would be.
    pub path: Option<PathBuf>,
    /// Whether there is one.
    pub found: bool,
    /// The folder of everything that does not live elsewhere.
    pub home: Home,
    pub(super) workers: BTreeMap<String, Worker>,
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) ca_file: Option<PathBuf>,
    /// The folders of boards that live elsewhere.
    pub(super) folders: BTreeMap<Slug, PathBuf>,
    /// The repositories of boards.
    pub(super) workdirs: BTreeMap<Slug, PathBuf>,
    /// The pages of boards that ticks keep up to date.
    pub(super) pages: BTreeMap<Slug, PathBuf>,
    /// The installation of Hermes whose boards are boards here.
    pub hermes: Option<Hermes>,
    /// All of our environment, for workers that expect it.
    pub(super) whole_env: Vec<(OsString, OsString)>,
    /// Our own environment, as far as some worker gets it.
    pub(super) passed: BTreeMap<String, OsString>,
    cautions: Vec<String>,
}

impl Config {
    /// Fills in the defaults of a file that was checked.
    pub(super) fn new(file: File, source: Source, cautions: Vec<String>, env: Environment) -> Self {
        let mut workers: BTreeMap<String, Worker> = file
            .workers
            .iter()
            .map(|(name, keys)| (name.clone(), Worker::new(name, keys, &file.defaults)))
            .collect();
        let hermes = file
            .hermes_home
            .as_deref()
            .and_then(|path| validate::board_path(path, env).ok())
            .map(|root| Hermes { root });
        let program = hermes::program(env);
        for worker in workers.values_mut() {
            if worker.preset == Some(Preset::Hermes) && worker.command == preset::hermes("hermes") {
                worker.command = preset::hermes(&program);
            }
        }
        // Every profile is a worker, unless the file says something else of that name.
        for name in hermes.iter().flat_map(|h| h.profiles().into_keys()) {
            workers.entry(name.clone()).or_insert_with(|| {
                let keys = WorkerKeys {
                    preset: Some(Preset::Hermes),
                    command: preset::hermes(&program),
                    ..WorkerKeys::default()
                };
                Worker::new(&name, &keys, &file.defaults)
            });
        }
        let everything = workers
            .values()
            .any(|worker| worker.preset == Some(Preset::Hermes));
        let passed = workers
            .values()
            .flat_map(|worker| &worker.pass_env)
            .filter_map(|name| Some((name.clone(), env(name)?)))
            .collect();
        let of_boards = |key: fn(&BoardKeys) -> Option<&str>| {
            file.boards
                .iter()
                .filter_map(|(name, keys)| {
                    let path = validate::board_path(key(keys)?, env).ok()?;
                    Some((name.parse().ok()?, path))
                })
                .collect()
        };
        let folders = of_boards(|keys| keys.path.as_deref());
        let workdirs = of_boards(|keys| keys.default_workdir.as_deref());
        let pages = of_boards(|keys| keys.report.as_deref());
        let channels = channel::all(&file, env);
        let ca_file = file
            .delivery
            .ca_file
            .as_deref()
            .and_then(|path| validate::board_path(path, env).ok());
        let mut whole_env = everything
            .then(super::caller::whole_environment)
            .unwrap_or_default();
        let hidden = secret_variables(&file);
        whole_env.retain(|(name, _)| !hidden.iter().any(|h| name == h.as_str()));
        let Source { path, found, home } = source;
        Self {
            channels,
            ca_file,
            whole_env,
            file,
            path: Some(path),
            found,
            home,
            workers,
            folders,
            workdirs,
            pages,
            hermes,
            passed,
            cautions,
        }
    }

    /// What holds where nothing else is said.
    pub fn defaults(&self) -> &Defaults {
        &self.file.defaults
    }

    /// Workers that may run at the same time on this machine.
    pub fn host_max(&self) -> u32 {
        self.file.host.max_in_progress
    }

    /// The same for two ticks whose workers are the same and get the same of their environment: either may start
    /// what the other would.
    pub fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.path, self.found, &self.passed).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// Workers that may run at the same time on a board.
    pub fn max_in_progress(&self, board: &Slug) -> u32 {
        self.keys(board)
            .and_then(|keys| keys.max_in_progress)
            .unwrap_or(self.defaults().max_in_progress)
    }

    /// A number of our own environment.
    pub fn inherited(&self, name: &str) -> Option<i64> {
        let mut all = self.whole_env.iter();
        let (_, value) = all.find(|(n, _)| n == name)?;
        value.to_str()?.parse().ok()
    }

    /// Who gets ready cards of a board that nobody is assigned to.
    pub fn default_assignee(&self, board: &Slug) -> Option<&str> {
        self.named(
            board,
            |keys| &keys.default_assignee,
            |d| &d.default_assignee,
        )
    }

    /// Who gets the cards in the review column of a board.
    pub fn review_worker(&self, board: &Slug) -> Option<&str> {
        self.named(board, |keys| &keys.review_worker, |d| &d.review_worker)
    }

    /// Who gets the cards in the triage column of a board.
    pub fn triage_worker(&self, board: &Slug) -> Option<&str> {
        self.named(board, |keys| &keys.triage_worker, |d| &d.triage_worker)
    }

    /// The page of a board that ticks keep up to date.
    pub fn page(&self, board: &Slug) -> Option<&Path> {
        self.pages.get(board).map(PathBuf::as_path)
    }

    fn named<'a>(
        &'a self,
        board: &Slug,
        of_board: impl Fn(&'a BoardKeys) -> &'a Option<String>,
        of_defaults: impl Fn(&'a Defaults) -> &'a Option<String>,
    ) -> Option<&'a str> {
        self.keys(board)
            .and_then(|keys| of_board(keys).as_deref())
            .or_else(|| of_defaults(self.defaults()).as_deref())
            .filter(|name| !name.is_empty())
    }

    /// The limits of a card on a board. `max_retries` is the card's own failure limit.
    pub fn policy(&self, board: &Slug, max_retries: Option<u32>) -> Policy {
        let defaults = self.defaults();
        let of_board = || self.keys(board).and_then(|keys| keys.failure_limit);
        Policy {
            failure_limit: max_retries
                .or_else(of_board)
                .unwrap_or(defaults.failure_limit),
            tempfail_limit: defaults.tempfail_limit,
            spawn_failure_limit: defaults.spawn_failure_limit,
            run_limit: defaults.run_limit,
            review_limit: defaults.review_limit,
            delay: defaults.retry_delay.0,
            tempfail_delay: defaults.tempfail_delay.0,
            delay_max: defaults.retry_delay_max.0,
        }
    }

    fn keys(&self, board: &Slug) -> Option<&BoardKeys> {
        self.file.boards.get(board.as_str())
    }

    /// Why the program of a worker would not be found on a search path.
    pub fn doubt(&self, worker: &Worker, search_path: &OsStr) -> Option<String> {
        program::doubt(&worker.words(), search_path)
    }

    /// What is allowed and still likely to be a mistake, a line each. Looks for each worker's program.
    pub fn warnings(&self) -> Vec<String> {
        let programs = self.workers().filter_map(|worker| {
            let env = self.worker_env(worker);
            let path = env
                .get(OsStr::new("PATH"))
                .map_or(OsStr::new(""), OsString::as_os_str);
            let doubt = program::doubt(&worker.words(), path)?;
            Some(format!("workers.{}.command: {doubt}", worker.name))
        });
        self.cautions.iter().cloned().chain(programs).collect()
    }

    /// The configuration as a file in which every key is written out, for every board that is known.
    pub fn spelled_out(&self) -> File {
        let board = |slug: Slug| {
            let keys = BoardKeys {
                path: Some(self.board(&slug))
                    .filter(|board| board.hermes.is_none())
                    .map(|board| board.dir.to_string_lossy().into_owned()),
                max_in_progress: Some(self.max_in_progress(&slug)),
                failure_limit: Some(self.policy(&slug, None).failure_limit),
                default_workdir: self
                    .workdirs
                    .get(&slug)
                    .map(|dir| dir.to_string_lossy().into_owned()),
                default_assignee: Some(self.default_assignee(&slug).unwrap_or("").to_owned()),
                review_worker: Some(self.review_worker(&slug).unwrap_or("").to_owned()),
                triage_worker: Some(self.triage_worker(&slug).unwrap_or("").to_owned()),
                report: self
                    .page(&slug)
                    .map(|page| page.to_string_lossy().into_owned()),
            };
            (slug.to_string(), keys)
        };
        File {
            defaults: self.file.defaults.clone(),
            host: self.file.host.clone(),
            hermes_home: self.file.hermes_home.clone(),
            boards: self.known_boards().into_iter().map(board).collect(),
            workers: self
                .workers()
                .map(|worker| (worker.name.clone(), worker.keys()))
                .collect(),
            delivery: self.file.delivery.clone(),
            channels: self.file.channels.clone(),
        }
    }

    /// The same for a program to read, with where it comes from.
    pub fn describe(&self) -> Value {
        let File {
            hermes_home,
            defaults,
            host,
            boards,
            workers,
            delivery,
            channels,
        } = self.spelled_out();
        json!({
            "path": self.path.as_deref().map(|path| path.to_string_lossy()),
            "found": self.found,
            "home": self.home.dir.to_string_lossy(),
            "hermes_home": hermes_home,
            "defaults": defaults,
            "host": host,
            "boards": boards,
            "workers": workers,
            "delivery": delivery,
            "channels": channels,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::load::load_from;

    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    pub const TEXT: &str = r#"
        [defaults]
        failure_limit = 3
        max_in_progress = 6
        [boards.far]
        path = "~/far"
        failure_limit = 7
        [workers.coder]
        command = ["agent", "{prompt}"]
        env = { TOKEN = "t", LANG = "own" }
        pass_env = ["EXTRA", "ABSENT"]
        grace = "1s"
        [workers.me]
        pull = true
    "#;

    /// The configuration of a fresh home, with `PATH` as given.
    pub fn config_with(text: &str, path: Option<&str>) -> (tempfile::TempDir, Config) {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("config.toml");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let config = load_from(Some(&file), &|name| match name {
            "HOME" => Some(root.path().into()),
            "KANBAN_HOME" => Some(root.path().join("k").into()),
            "PATH" => path.map(OsString::from),
            "LANG" | "EXTRA" | "SECRET" => Some(format!("our {name}").into()),
            _ => None,
        });
        (root, config.unwrap())
    }

    pub fn config(text: &str) -> (tempfile::TempDir, Config) {
        config_with(text, Some("/p"))
    }

    pub fn slug(name: &str) -> Slug {
        name.parse().unwrap()
    }

    pub fn make_board(config: &Config, name: &str) {
        let dir = config.home.boards_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("kanban.db"), "").unwrap();
    }

    #[test]
    fn a_card_overrides_its_board_and_a_board_the_defaults() {
        let (_root, config) = config(TEXT);
        assert_eq!(config.policy(&slug("near"), None).failure_limit, 3);
        assert_eq!(config.policy(&slug("far"), None).failure_limit, 7);
        assert_eq!(config.policy(&slug("far"), Some(1)).failure_limit, 1);
        assert_eq!(config.policy(&slug("far"), None).delay_max, 3_600);
        assert_eq!(
            (config.max_in_progress(&slug("far")), config.host_max()),
            (6, 8)
        );
        let coder = config.worker("coder").unwrap();
        assert_eq!(
            (coder.grace, coder.max_runtime, coder.max_in_progress),
            (1, 4 * 3_600, 4)
        );
    }

    #[test]
    fn a_program_that_cannot_be_found_is_warned_about() {
        let (_root, config) = config(TEXT);
        assert_eq!(
            config.warnings(),
            ["workers.coder.command: \"agent\" is not on the worker's PATH, /p"]
        );
        let own = "[workers.x]\ncommand = ['sh']\nenv = { PATH = '/usr/bin:/bin' }";
        assert_eq!(config_with(own, Some("/none")).1.warnings(), [""; 0]);
    }

    #[test]
    fn the_spelled_out_file_gives_the_same_configuration_again() {
        let (root, before) = config(TEXT);
        make_board(&before, "near");
        let text = toml::to_string(&before.spelled_out()).unwrap();
        fs::write(root.path().join("config.toml"), &text).unwrap();
        let again = load_from(before.path.as_deref(), &|name| match name {
            "KANBAN_HOME" => Some(before.home.dir.clone().into()),
            _ => None,
        });
        let after = again.unwrap();
        assert_eq!(after.spelled_out(), before.spelled_out(), "{text}");
        assert_eq!(after.workers, before.workers);

        let shown = before.describe();
        assert_eq!(shown["workers"]["coder"]["max_runtime"], "4h");
        assert_eq!(shown["boards"]["near"]["max_in_progress"], 6);
        assert_eq!(
            shown["boards"]["far"]["path"].as_str().map(Path::new),
            Some(&*root.path().join("far"))
        );
        assert_eq!(shown["found"], true);
    }
}
