//! What a worker is told about its card: the card, what came before it, what was tried and what was said.
//!
//! Everything in it is bounded, so that a long history does not crowd out the task itself; where something was
//! left out, it says so and where to find it.

use serde::Serialize;

use super::task::Task;

/// Characters of each part, at most. Together they stay below what a model reads at a glance and a command
/// line takes.
const BODY_MAX: usize = 24_000;
const HANDOFF_MAX: usize = 4_000;
const ATTEMPT_MAX: usize = 1_500;
const COMMENT_MAX: usize = 2_000;
/// The newest so many of each.
const PARENTS_MAX: usize = 12;
const ATTEMPTS_MAX: usize = 5;
const COMMENTS_MAX: usize = 20;

/// What is known of a card when somebody begins to work on it.
#[derive(Debug, Clone, Serialize)]
pub struct Context {
    /// The shape of this object; fields may be added under the same version.
    pub version: u32,
    pub board: String,
    pub task: Task,
    /// The cards that it waited for, with what came of them.
    pub parents: Vec<Handoff>,
    /// Earlier runs of it, oldest first.
    pub attempts: Vec<Attempt>,
    /// Oldest first.
    pub comments: Vec<Said>,
}

/// What a finished card hands on.
#[derive(Debug, Clone, Serialize)]
pub struct Handoff {
    pub id: String,
    pub title: String,
    pub status: String,
    pub result: Option<String>,
}

/// An earlier run.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    pub run: i64,
    pub worker: Option<String>,
    pub outcome: String,
    pub error: Option<String>,
    pub summary: Option<String>,
    /// The last lines of its output.
    pub last_output: Option<String>,
}

/// A comment.
#[derive(Debug, Clone, Serialize)]
pub struct Said {
    pub author: String,
    pub text: String,
}

impl Context {
    /// As a text, for people and for models. `report` is how a worker says how it went.
    pub fn text(&self, report: &str) -> String {
        let task = &self.task;
        let more = format!("kanban show {} --board {}", task.id, self.board);
        let mut out = format!(
            "# {}\n\nCard {} of board {}",
            task.title, task.id, self.board
        );
        for (label, value) in [
            ("for", &task.assignee),
            ("tenant", &task.tenant),
            ("branch", &task.branch_name),
        ] {
            if let Some(value) = value {
                out += &format!(", {label} {value}");
            }
        }
        out += ".\n";
        if let Some(body) = task.body.as_deref().filter(|body| !body.trim().is_empty()) {
            out += &format!("\n{}\n", cut(body, BODY_MAX, &more));
        }
        let parents = newest(&self.parents, PARENTS_MAX);
        section(
            &mut out,
            "What came before",
            &self.parents,
            parents,
            |parent| {
                let result = parent.result.as_deref().unwrap_or("(it left no result)");
                format!(
                    "{} {} ({}):\n{}",
                    parent.id,
                    parent.title,
                    parent.status,
                    cut(result, HANDOFF_MAX, &format!("kanban show {}", parent.id))
                )
            },
        );
        let attempts = newest(&self.attempts, ATTEMPTS_MAX);
        section(
            &mut out,
            "Earlier attempts",
            &self.attempts,
            attempts,
            |attempt| {
                let mut text = format!(
                    "run {} by {}: {}",
                    attempt.run,
                    attempt.worker.as_deref().unwrap_or("?"),
                    attempt.outcome
                );
                for (label, part) in [
                    ("error", &attempt.error),
                    ("summary", &attempt.summary),
                    ("last output", &attempt.last_output),
                ] {
                    if let Some(part) = part {
                        text += &format!("\n{label}: {}", cut(part, ATTEMPT_MAX, &more));
                    }
                }
                text
            },
        );
        let comments = newest(&self.comments, COMMENTS_MAX);
        section(&mut out, "Comments", &self.comments, comments, |said| {
            format!("{}: {}", said.author, cut(&said.text, COMMENT_MAX, &more))
        });
        out += &format!("\n## How to report\n\n{report}\n");
        out
    }
}

fn newest<T>(all: &[T], max: usize) -> &[T] {
    &all[all.len().saturating_sub(max)..]
}

fn section<T>(
    out: &mut String,
    heading: &str,
    all: &[T],
    shown: &[T],
    text: impl Fn(&T) -> String,
) {
    if all.is_empty() {
        return;
    }
    *out += &format!("\n## {heading}\n");
    let left = all.len() - shown.len();
    if left > 0 {
        *out += &format!("\n({left} older left out)\n");
    }
    for item in shown {
        *out += &format!("\n{}\n", text(item));
    }
}

/// At most `max` characters, and where the rest is.
fn cut(text: &str, max: usize, more: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…\n(cut here; all of it: {more})", &text[..end]),
    }
}
