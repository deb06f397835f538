//! What a worker is told about its card: the card, what came before it, what was tried and what was said.
//!
//! Everything in it is bounded, so that a long history does not crowd out the task itself, and the text as a
//! whole, so that it fits into one argument of a command; where something was left out, it says so and where to
//! find it.

use serde::Serialize;
use serde_json::Value;

use super::briefing::Briefing;
use super::status::Status;
use super::task::Task;

/// The newest so many of each are told.
pub const PARENTS_MAX: usize = 12;
pub const ATTEMPTS_MAX: usize = 5;
pub const COMMENTS_MAX: usize = 20;
pub const ATTACHMENTS_MAX: usize = 20;
pub const LATE_MAX: usize = 5;

/// Bytes of each part, at most, and of each section.
const BODY: usize = 48_000;
const HANDOFF: usize = 4_000;
const FACTS: usize = 2_000;
const ATTEMPT: usize = 1_500;
const COMMENT: usize = 2_000;
const PARENTS: usize = 20_000;
const ATTEMPTS: usize = 12_000;
const COMMENTS: usize = 16_000;
const ATTACHMENTS: usize = 6_000;
const LATE: usize = 8_000;
/// Of what is a name or a title.
const NAME: usize = 300;

/// What is known of a card when somebody begins to work on it.
#[derive(Debug, Clone, Serialize)]
pub struct Context {
    pub board: String,
    pub task: Task,
    /// The column that it is worked on in, or was taken from: review is another duty than ready.
    pub column: Status,
    /// The cards that it waited for, with what came of them.
    pub parents: Vec<Handoff>,
    /// Earlier runs of it, oldest first.
    pub attempts: Vec<Attempt>,
    /// What earlier runs reported when they no longer had the card, oldest first.
    pub late_results: Vec<Late>,
    /// Oldest first.
    pub comments: Vec<Said>,
    pub attachments: Vec<Attachment>,
    /// How many older ones there are beyond these.
    pub left_out: LeftOut,
}

/// How many of each are not told.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct LeftOut {
    pub parents: usize,
    pub attempts: usize,
    pub late_results: usize,
    pub comments: usize,
    pub attachments: usize,
}

/// What a finished card hands on.
#[derive(Debug, Clone, Serialize)]
pub struct Handoff {
    pub id: String,
    pub title: String,
    pub status: String,
    pub result: Option<String>,
    /// Facts that were reported with it.
    pub metadata: Option<Value>,
}

/// An earlier run.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    pub run: i64,
    pub worker: Option<String>,
    pub outcome: String,
    pub error: Option<String>,
    pub summary: Option<String>,
    /// Facts that it reported.
    pub metadata: Option<Value>,
    /// The last lines of its output.
    pub last_output: Option<String>,
}

/// What a run reported too late.
#[derive(Debug, Clone, Serialize)]
pub struct Late {
    pub run: Option<i64>,
    pub verb: String,
    /// The card that it named.
    pub about: String,
    pub summary: Option<String>,
    pub metadata: Option<Value>,
    pub reason: Option<String>,
}

/// A comment.
#[derive(Debug, Clone, Serialize)]
pub struct Said {
    pub author: String,
    pub text: String,
}

/// A file that belongs to the card.
#[derive(Debug, Clone, Serialize)]
pub struct Attachment {
    pub name: String,
    pub path: String,
    /// Bytes.
    pub size: i64,
}

impl Context {
    /// As a text, for people and for models.
    pub fn text(&self, briefing: &Briefing) -> String {
        let task = &self.task;
        let more = briefing.command(self, &format!("show {}", task.id));
        let mut out = format!(
            "# {}\n\nCard {} of board {}",
            cut_name(&task.title, 2 * NAME),
            task.id,
            self.board
        );
        for (label, value) in [
            ("for", &task.assignee),
            ("tenant", &task.tenant),
            ("branch", &task.branch_name),
        ] {
            if let Some(value) = value {
                out += &format!(", {label} {}", cut_name(value, NAME));
            }
        }
        if matches!(self.column, Status::Review | Status::Triage) {
            out += &format!(", in {}", self.column);
        }
        out += ".\n";
        if let Some(body) = task.body.as_deref().filter(|body| !body.trim().is_empty()) {
            out += &format!("\n{}\n", cut(body, BODY, &more));
        }
        let told = |text: &&str| {
            self.attempts
                .iter()
                .any(|a| a.summary.as_deref() == Some(text))
        };
        if let Some(result) = task.result.as_deref().filter(|text| !told(text)) {
            out += &format!(
                "\n## What came of it so far\n\n{}\n",
                cut(result, HANDOFF, &more)
            );
        }
        let left = &self.left_out;
        let files = self.attachments.iter().map(|file| {
            format!(
                "{} ({} bytes): {}",
                cut_name(&file.name, NAME),
                file.size,
                cut_name(&file.path, 2 * NAME)
            )
        });
        section(
            &mut out,
            "Attachments",
            (left.attachments, ATTACHMENTS),
            files,
        );
        let parents = self.parents.iter().map(|parent| {
            let all = briefing.command(self, &format!("show {}", parent.id));
            let result = parent.result.as_deref().unwrap_or("(it left no result)");
            let head = format!(
                "{} {} ({}):\n{}",
                parent.id,
                cut_name(&parent.title, NAME),
                parent.status,
                cut(result, HANDOFF, &all)
            );
            facts(head, parent.metadata.as_ref(), &all)
        });
        section(
            &mut out,
            "What came before",
            (left.parents, PARENTS),
            parents,
        );
        let attempts = self.attempts.iter().map(|attempt| {
            let mut text = format!(
                "run {} by {}: {}",
                attempt.run,
                cut_name(attempt.worker.as_deref().unwrap_or("?"), NAME),
                attempt.outcome
            );
            for (label, part) in [
                ("error", &attempt.error),
                ("summary", &attempt.summary),
                ("last output", &attempt.last_output),
            ] {
                if let Some(part) = part {
                    text += &format!("\n{label}: {}", cut(part, ATTEMPT, &more));
                }
            }
            facts(text, attempt.metadata.as_ref(), &more)
        });
        section(
            &mut out,
            "Earlier attempts",
            (left.attempts, ATTEMPTS),
            attempts,
        );
        let late = self.late_results.iter().map(|late| {
            let run = late
                .run
                .map_or("somebody".into(), |run| format!("run {run}"));
            let mut text = format!(
                "{run} said {} {}, and nothing was done",
                late.verb, late.about
            );
            for (label, part) in [("summary", &late.summary), ("reason", &late.reason)] {
                if let Some(part) = part {
                    text += &format!("\n{label}: {}", cut(part, ATTEMPT, &more));
                }
            }
            facts(text, late.metadata.as_ref(), &more)
        });
        let heading = "Reported by runs that no longer had the card";
        section(&mut out, heading, (left.late_results, LATE), late);
        let comments = self.comments.iter().map(|said| {
            let author = cut_name(&said.author, NAME);
            format!("{author}: {}", cut(&said.text, COMMENT, &more))
        });
        section(&mut out, "Comments", (left.comments, COMMENTS), comments);
        out += &format!("\n## How to report\n\n{}\n", briefing.text(self));
        out.retain(is_plain);
        out
    }
}

/// A text with the facts that belong to it.
fn facts(text: String, metadata: Option<&Value>, more: &str) -> String {
    match metadata {
        Some(facts) => format!("{text}\nfacts: {}", cut(&facts.to_string(), FACTS, more)),
        None => text,
    }
}

/// Items under a heading, the newest of them as far as there is room. `left` is how many older ones there are.
fn section(
    out: &mut String,
    heading: &str,
    (mut left, room): (usize, usize),
    items: impl DoubleEndedIterator<Item = String>,
) {
    let (mut used, mut shown) = (0, Vec::new());
    for item in items.rev() {
        used += item.len();
        // The newest is told in any case: no item is longer than its section.
        match used <= room || shown.is_empty() {
            true => shown.push(item),
            false => left += 1,
        }
    }
    if shown.is_empty() {
        return;
    }
    *out += &format!("\n## {heading}\n");
    if left > 0 {
        *out += &format!("\n({left} older left out)\n");
    }
    for item in shown.iter().rev() {
        *out += &format!("\n{item}\n");
    }
}

/// At most `max` bytes, and where the rest is.
fn cut(text: &str, max: usize, more: &str) -> String {
    let text = text.trim();
    match text.len() <= max {
        true => text.to_owned(),
        false => format!(
            "{}…\n(cut here; all of it: {more})",
            &text[..text.floor_char_boundary(max)]
        ),
    }
}

fn cut_name(text: &str, max: usize) -> String {
    match text.len() <= max {
        true => text.to_owned(),
        false => format!("{}…", &text[..text.floor_char_boundary(max)]),
    }
}

/// Not what acts on a terminal or cannot be handed to a program. Output of programs has a lot of it.
fn is_plain(c: char) -> bool {
    !c.is_control() || matches!(c, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::briefing::Duty;
    use crate::board::id::TaskId;

    fn card(body: &str) -> Task {
        Task {
            id: TaskId::stored("t_00000001".into()),
            title: "do it".into(),
            body: Some(body.into()),
            assignee: Some("w".into()),
            status: Status::Running,
            priority: 0,
            created_by: None,
            created_at: 0,
            started_at: None,
            completed_at: None,
            workspace_kind: "scratch".into(),
            workspace_path: None,
            tenant: None,
            result: None,
            idempotency_key: None,
            consecutive_failures: 0,
            last_failure_error: None,
            worker_pid: None,
            max_runtime_seconds: None,
            max_retries: None,
            current_run_id: None,
            block_kind: None,
            block_recurrences: 0,
            branch_name: None,
            skills: Vec::new(),
            model_override: None,
            goal_mode: false,
            goal_max_turns: None,
            project_id: None,
            session_id: None,
            workflow_template_id: None,
            current_step_key: None,
            claim_lock: None,
            claim_expires: None,
            last_heartbeat_at: None,
            args: Vec::new(),
            verify: Vec::new(),
            not_before: None,
            retry_at: None,
        }
    }

    /// Linux hands a program no argument and no variable of more than 128 KiB (execve(2)), with its name.
    const TEXT_MAX: usize = 131_072 - 100;

    /// A card with as much of everything as there can be.
    fn full(text: &str) -> Context {
        let some = || Some(text.to_owned());
        let facts = || Some(Value::String(text.to_owned()));
        let mut task = card(text);
        (task.title, task.assignee, task.tenant, task.branch_name) =
            (text.to_owned(), some(), some(), some());
        Context {
            board: "b".repeat(64),
            task,
            column: Status::Ready,
            parents: vec![
                Handoff {
                    id: "t_00000002".into(),
                    title: text.into(),
                    status: "done".into(),
                    result: some(),
                    metadata: facts(),
                };
                PARENTS_MAX
            ],
            attempts: vec![
                Attempt {
                    run: i64::MAX,
                    worker: some(),
                    outcome: "crashed".into(),
                    error: some(),
                    summary: some(),
                    metadata: facts(),
                    last_output: some(),
                };
                ATTEMPTS_MAX
            ],
            late_results: vec![
                Late {
                    run: None,
                    verb: "complete".into(),
                    about: "t_00000001".into(),
                    summary: some(),
                    metadata: facts(),
                    reason: some(),
                };
                LATE_MAX
            ],
            comments: vec![
                Said {
                    author: text.into(),
                    text: text.into(),
                };
                COMMENTS_MAX
            ],
            attachments: vec![
                Attachment {
                    name: text.into(),
                    path: text.into(),
                    size: i64::MAX,
                };
                ATTACHMENTS_MAX
            ],
            left_out: LeftOut::default(),
        }
    }

    #[test]
    fn the_longest_text_fits_into_an_argument() {
        for text in ["x", "ü", "🦀"] {
            let context = full(&text.repeat(60_000));
            for duty in [Duty::Exit, Duty::Explicit, Duty::Person] {
                let told = context.text(&Briefing { duty });
                assert!(told.len() <= TEXT_MAX, "{text}: {}", told.len());
                assert!(told.contains("How to report") && told.contains("older left out"));
            }
        }
    }

    #[test]
    fn what_is_short_is_told_whole_and_what_acts_on_a_terminal_is_not() {
        let told = full("a\u{1b}[2J\0b").text(&Briefing { duty: Duty::Exit });
        assert!(
            !told.contains("left out") && !told.contains("cut here"),
            "{told}"
        );
        assert!(!told.contains(['\0', '\u{1b}']), "{told}");
        assert_eq!(told.matches("\na[2Jb: a[2Jb\n").count(), COMMENTS_MAX);
    }
}
