//! A home of its own for each test: empty environment, real program, and on failure everything that
//! helps to understand it. Waits on conditions, never on time alone.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Nothing that a test waits for takes longer on a machine that works at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// A home with its configuration.
pub struct Home {
    dir: tempfile::TempDir,
    /// Where its default board is.
    folder: &'static str,
    variables: Vec<(String, String)>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    told: String,
}

impl Run {
    fn new(what: String, home: &Path, output: Output) -> Self {
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut told = format!("{what}\n  in {}\n  {}\n", home.display(), output.status);
        let _ = writeln!(told, "--- stdout\n{stdout}--- stderr\n{stderr}---");
        Self {
            code: output.status.code(),
            stdout,
            stderr,
            told,
        }
    }

    /// Fails the test, with everything said, unless the exit status is this.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.told);
        self
    }

    /// The output as JSON.
    #[track_caller]
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.told))
    }
}

impl Home {
    /// A home with this configuration file.
    pub fn new(config: &str) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("kanban-test-")
            .tempdir()
            .unwrap();
        std::fs::write(dir.path().join("config.toml"), config).unwrap();
        Self {
            dir,
            folder: "boards/default",
            variables: Vec::new(),
        }
    }

    /// A home with this configuration whose default board was made by Hermes.
    pub fn of_hermes(config: &str) -> Self {
        let mut home = Self::new(&format!("hermes_home = '~/hermes'\n{config}"));
        home.folder = "hermes";
        std::fs::create_dir_all(home.board("kanban")).unwrap();
        let board = home.database();
        board.pragma_update(None, "journal_mode", "WAL").unwrap();
        board
            .execute_batch(include_str!("../schemas/hermes_0_14.sql"))
            .unwrap();
        drop(board);
        // Ours are beside its tables from now on.
        home.ok(&["list"]);
        home
    }

    /// Sets a variable for every command.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A file of the default board's folder.
    pub fn board(&self, file: &str) -> PathBuf {
        self.path().join(self.folder).join(file)
    }

    /// A command with the environment of this home and no other.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("KANBAN_HOME", self.path())
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .envs(self.variables.iter().map(|(n, v)| (n, v)))
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub fn kanban(&self, args: &[&str]) -> Run {
        let output = self.command(PROGRAM).args(args).output().unwrap();
        Run::new(format!("kanban {}", args.join(" ")), self.path(), output)
    }

    /// Runs a shell script; `$KANBAN` in it is the program.
    pub fn sh(&self, script: &str) -> Run {
        let output = self
            .command("sh")
            .env("KANBAN", PROGRAM)
            .args(["-c", script])
            .output()
            .unwrap();
        Run::new(script.to_owned(), self.path(), output)
    }

    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> Run {
        self.kanban(args).expect(0)
    }

    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        self.ok(&args).value()
    }

    /// Makes a card and returns its id.
    #[track_caller]
    pub fn create(&self, title: &str, worker: &str, more: &[&str]) -> String {
        let args: Vec<&str> = ["create", title, "--assignee", worker]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        self.ok(&args).stdout.trim().to_owned()
    }

    /// The column of a card.
    #[track_caller]
    pub fn status(&self, id: &str) -> String {
        text(&self.json(&["show", id])["task"]["status"])
    }

    /// The runs of a card.
    #[track_caller]
    pub fn runs(&self, id: &str) -> Vec<Value> {
        self.json(&["runs", id]).as_array().unwrap().clone()
    }

    /// The kinds of what happened to a card, in order.
    #[track_caller]
    pub fn history(&self, id: &str) -> Vec<String> {
        self.json(&["events", id])
            .as_array()
            .unwrap()
            .iter()
            .map(|e| text(&e["kind"]))
            .collect()
    }

    /// Ticks until nothing is left to do.
    #[track_caller]
    pub fn quiet(&self) -> Run {
        let run = self.kanban(&["tick", "--wait", "--timeout", "60s"]);
        assert!(matches!(run.code, Some(0 | 1)), "{}", run.told);
        run
    }

    /// Waits for a condition.
    #[track_caller]
    pub fn wait_until(&self, what: &str, condition: impl FnMut() -> bool) {
        self.wait(what, condition, || self.kanban(&["events"]).stdout);
    }

    /// Waits for a condition and runs no command meanwhile, which could upgrade the board.
    #[track_caller]
    pub fn wait_until_seen(&self, what: &str, condition: impl FnMut() -> bool) {
        self.wait(what, condition, String::new);
    }

    #[track_caller]
    fn wait(&self, what: &str, mut condition: impl FnMut() -> bool, events: impl Fn() -> String) {
        let until = Instant::now() + PATIENCE;
        while !condition() {
            let events = events();
            assert!(
                Instant::now() < until,
                "waited in vain: {what}\n{}\n{events}",
                self.path().display()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Looks into the board file, as another program would.
    pub fn sql<T: rusqlite::types::FromSql>(&self, query: &str) -> T {
        self.database()
            .query_row(query, [], |row| row.get(0))
            .unwrap()
    }

    /// Writes to the board file, as another program would.
    pub fn change(&self, statements: &str) {
        self.database().execute_batch(statements).unwrap();
    }

    fn database(&self) -> rusqlite::Connection {
        let board = rusqlite::Connection::open(self.board("kanban.db")).unwrap();
        board
            .set_db_config(
                rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                true,
            )
            .unwrap();
        board
    }
}

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kanban");

/// A JSON text as text.
#[track_caller]
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}
