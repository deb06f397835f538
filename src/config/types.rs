//! The keys of the configuration file, each with its default. An unknown key is an error.
//!
//! `config.example.toml` shows every key; a test holds it against these types.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::board::run::Report;
use crate::board::window::Window;
use crate::time::{self, Seconds};

use super::channel_keys::{ChannelKeys, Delivery};

/// The file as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// An installation of Hermes Agent whose boards are boards here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hermes_home: Option<String>,
    /// What holds for every board and worker that does not say otherwise.
    pub defaults: Defaults,
    /// What holds for this machine, across boards.
    pub host: Host,
    /// Boards that live elsewhere or differ from the defaults.
    pub boards: BTreeMap<String, BoardKeys>,
    /// The workers, by the name that cards are assigned to.
    pub workers: BTreeMap<String, WorkerKeys>,
    /// How messages are sent.
    pub delivery: Delivery,
    /// Where messages are sent to, by name.
    pub channels: BTreeMap<String, ChannelKeys>,
}

/// A length of time, written as in "1h 30m".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Seconds);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        time::duration(&text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time::spell(self.0))
    }
}

/// How long something is kept: a length of time, or "forever".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep(pub Option<Seconds>);

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.trim() {
            "forever" => Ok(Self(None)),
            span => time::duration(span)
                .map(|span| Self(Some(span)))
                .map_err(|e| serde::de::Error::custom(format!("{e}, or \"forever\""))),
        }
    }
}

impl Serialize for Keep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(span) => serializer.serialize_str(&time::spell(span)),
            None => serializer.serialize_str("forever"),
        }
    }
}

/// `[defaults]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Defaults {
    /// Workers that run at the same time on one board.
    pub max_in_progress: u32,
    /// Workers of one name that run at the same time on one board.
    pub max_in_progress_per_worker: u32,
    /// Failures in a row after which a card is blocked.
    pub failure_limit: u32,
    /// Requests to be run later (exit status 75) in a row after which a card is blocked.
    pub tempfail_limit: u32,
    /// Failed starts in a row after which a card is blocked.
    pub spawn_failure_limit: u32,
    /// Runs without success, of whatever outcome, after which a card is blocked until somebody lets it go again.
    pub run_limit: u32,
    /// Times that workers send a card back from review after which it is blocked.
    pub review_limit: u32,
    /// Delay before the first retry; doubled for each further one.
    pub retry_delay: Span,
    /// Delay after the first exit status 75; doubled for each further one.
    pub tempfail_delay: Span,
    /// No retry waits longer.
    pub retry_delay_max: Span,
    /// A run over this time is ended.
    pub max_runtime: Span,
    /// A run of another program that gives no sign of life is ended after this time.
    pub stale_after: Span,
    /// Between TERM and KILL when a worker has to end.
    pub grace: Span,
    /// The claim of a running worker is extended by this much at a time.
    pub claim_ttl: Span,
    /// A card's log is rotated when it is larger, in bytes.
    pub log_max_bytes: u64,
    /// Rotated logs kept per card.
    pub log_keep: u32,
    /// The largest file that can be attached to a card, in bytes.
    pub attachment_max_bytes: u64,
    /// Scratch workspaces of finished cards are removed after this time.
    pub workspace_keep: Span,
    /// Events of finished cards are removed after this time.
    pub keep_events: Keep,
    /// Runs of finished cards are removed after this time.
    pub keep_runs: Keep,
    /// Logs of finished cards are removed after this time.
    pub keep_logs: Keep,
    /// Artifacts of finished cards are removed after this time.
    pub keep_artifacts: Keep,
    /// Variables of kanban's own environment that workers get.
    pub pass_env: Vec<String>,
    /// How often a tick is expected; `kanban status` says when there was none for longer.
    pub tick_every: Span,
    /// Who gets ready cards that nobody is assigned to.
    pub default_assignee: Option<String>,
    /// Who gets the cards in the review column.
    pub review_worker: Option<String>,
    /// Who gets the cards in the triage column.
    pub triage_worker: Option<String>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            max_in_progress: 4,
            max_in_progress_per_worker: 4,
            failure_limit: 2,
            tempfail_limit: 12,
            spawn_failure_limit: 5,
            run_limit: 50,
            review_limit: 3,
            retry_delay: Span(5),
            tempfail_delay: Span(60),
            retry_delay_max: Span(3_600),
            max_runtime: Span(4 * 3_600),
            stale_after: Span(4 * 3_600),
            grace: Span(10),
            claim_ttl: Span(900),
            log_max_bytes: 2 * 1_048_576,
            log_keep: 1,
            attachment_max_bytes: 25 * 1_048_576,
            workspace_keep: Span(7 * 86_400),
            keep_events: Keep(Some(90 * 86_400)),
            keep_runs: Keep(Some(90 * 86_400)),
            keep_logs: Keep(Some(90 * 86_400)),
            keep_artifacts: Keep(None),
            pass_env: [
                "HOME",
                "LANG",
                "LC_ALL",
                "LOGNAME",
                "PATH",
                "SHELL",
                "SSH_AUTH_SOCK",
                "TMPDIR",
                "TZ",
                "USER",
            ]
            .map(String::from)
            .to_vec(),
            tick_every: Span(60),
            default_assignee: None,
            review_worker: None,
            triage_worker: None,
        }
    }
}

/// `[host]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Host {
    /// Workers that run at the same time on this machine, over all boards of one home.
    pub max_in_progress: u32,
}

impl Default for Host {
    fn default() -> Self {
        Self { max_in_progress: 8 }
    }
}

/// `[boards.NAME]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoardKeys {
    /// The folder of the board, if it is not `<home>/boards/NAME`.
    pub path: Option<String>,
    /// Overrides the default of the same name.
    pub max_in_progress: Option<u32>,
    /// Overrides the default of the same name.
    pub failure_limit: Option<u32>,
    /// The repository of worktrees that name none.
    pub default_workdir: Option<String>,
    /// Overrides the default of the same name; empty: nobody.
    pub default_assignee: Option<String>,
    /// Overrides the default of the same name; empty: people review by hand.
    pub review_worker: Option<String>,
    /// Overrides the default of the same name; empty: people triage by hand.
    pub triage_worker: Option<String>,
    /// The page that ticks keep up to date.
    pub report: Option<String>,
}

/// What is done with processes that a worker leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leftovers {
    /// They are ended before the run counts as over.
    #[default]
    End,
    /// They are left alone.
    Keep,
}

/// A ready-made worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// A profile of Hermes Agent; it reports for itself.
    Hermes,
    /// Claude Code without a terminal; exit 0 means done.
    Claude,
    /// Codex without a terminal; exit 0 means done.
    Codex,
    /// The card's body is a script.
    Shell,
    /// The command runs as a job of a Slurm cluster and reports for itself.
    Slurm,
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hermes => "hermes",
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Shell => "shell",
            Self::Slurm => "slurm",
        })
    }
}

/// A part of a command: an argument, or arguments that belong together and are left out when what they
/// stand for is not set, or repeated for each value of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Part {
    /// One argument.
    Word(String),
    /// Arguments such as `["--model", "{model}"]`.
    Group(Vec<String>),
}

/// The words of a command, groups and all.
pub fn words(command: &[Part]) -> Vec<String> {
    let words = command.iter().flat_map(|part| match part {
        Part::Word(word) => std::slice::from_ref(word),
        Part::Group(words) => words,
    });
    words.cloned().collect()
}

/// `[workers.NAME]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerKeys {
    /// What is filled in where the other keys say nothing.
    pub preset: Option<Preset>,
    /// Program and arguments; placeholders stand for whole arguments or parts of them.
    pub command: Vec<Part>,
    /// Run before the worker is signalled when it has to end, for clients of a cluster.
    pub cancel: Vec<String>,
    /// Exit 0 of the work counts only if this passes.
    pub verify: Vec<String>,
    /// A lane that people pull from by hand: no command, never started.
    pub pull: bool,
    /// What this worker is for, shown where workers are listed.
    pub description: Option<String>,
    /// Variables set for the worker.
    pub env: BTreeMap<String, String>,
    /// Further variables of kanban's own environment that the worker gets.
    pub pass_env: Vec<String>,
    /// Whether exit status 0 is enough, or the worker must report.
    pub report: Option<Report>,
    /// What is done with processes that it leaves behind.
    pub leftovers: Leftovers,
    /// Workers of this name that run at the same time on one board.
    pub max_in_progress: Option<u32>,
    /// Overrides the default of the same name.
    pub max_runtime: Option<Span>,
    /// Overrides the default of the same name.
    pub grace: Option<Span>,
    /// Hours in which it is started, in local time.
    pub window: Option<Hours>,
}

/// A window, written as in "Mon-Fri 22:00-06:00".
#[derive(Debug, Clone, PartialEq)]
pub struct Hours(pub Window);

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
