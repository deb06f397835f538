//! Ready-made workers: what a `preset` fills in where the file says nothing.
//!
//! The facts about each program are those of its own manual; options that a card sets (model, skills,
//! further arguments) are left out where it sets none.

use super::types::{Part, Preset, WorkerKeys};
use crate::board::run::Report;

/// The name of a job in the cluster: unique for the run, so that it can be ended by name.
const JOB: &str = "kb-{board}-{task}-{run}";

impl Preset {
    /// Whether the file may name a command beside it.
    pub fn takes_command(self) -> bool {
        !matches!(self, Self::Shell)
    }

    /// Whether it is nothing without a command.
    pub fn needs_command(self) -> bool {
        self == Self::Slurm
    }

    /// The keys with the gaps filled in.
    pub fn fill_in(self, keys: &WorkerKeys) -> WorkerKeys {
        let mut filled = keys.clone();
        let command = match self {
            Self::Hermes => hermes("hermes"),
            Self::Claude => vec![
                word("claude"),
                word("-p"),
                group(&["--model", "{model}"]),
                group(&["{arg}"]),
                word("--"),
                word("{prompt}"),
            ],
            Self::Codex => vec![
                word("codex"),
                word("exec"),
                // A scratch folder is no repository, and nobody is there to be asked about it.
                word("--skip-git-repo-check"),
                group(&["--model", "{model}"]),
                group(&["{arg}"]),
                word("--"),
                word("{prompt}"),
            ],
            // `set -e`: a script whose first half failed is not done.
            Self::Shell => vec![
                word("sh"),
                word("-c"),
                word("script=${1:-$2}; set -e --; eval \"$script\""),
                word("sh"),
                word("{body}"),
                word("{title}"),
            ],
            Self::Slurm => {
                let mut command = vec![
                    word("srun"),
                    word(&format!("--job-name={JOB}")),
                    group(&["{arg}"]),
                ];
                command.extend(keys.command.iter().cloned());
                command
            }
        };
        if keys.command.is_empty() || self == Self::Slurm {
            filled.command = command;
        }
        if matches!(self, Self::Hermes | Self::Slurm) && keys.report.is_none() {
            filled.report = Some(Report::Explicit);
        }
        if self == Self::Slurm && keys.cancel.is_empty() {
            filled.cancel = vec!["scancel".into(), format!("--name={JOB}")];
        }
        filled
    }
}

/// The command of a Hermes worker, as its own dispatcher starts it.
pub fn hermes(program: &str) -> Vec<Part> {
    vec![
        word(program),
        word("-p"),
        word("{assignee}"),
        word("--cli"),
        word("--accept-hooks"),
        group(&["--skills", "{skill}"]),
        group(&["-m", "{model}"]),
        group(&["{arg}"]),
        word("chat"),
        word("-q"),
        word("work kanban task {task}"),
    ]
}

fn word(text: &str) -> Part {
    Part::Word(text.to_owned())
}

fn group(words: &[&str]) -> Part {
    Part::Group(words.iter().map(|&w| w.to_owned()).collect())
}
