//! How whoever has a card says how it went: the end of what it is told.

use super::context::Context;
use super::status::Status;

/// Who is told, by what they owe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// A worker whose exit status 0 is enough.
    Exit,
    /// A worker that has to report.
    Explicit,
    /// A person, at a shell.
    Person,
}

/// How to report.
#[derive(Debug, Clone, Copy)]
pub struct Briefing {
    pub duty: Duty,
}

impl Briefing {
    /// This program with these words, as whoever is told would call it: a worker's environment names the program
    /// and the board.
    pub fn command(&self, context: &Context, words: &str) -> String {
        match self.duty {
            Duty::Exit | Duty::Explicit => format!("\"$KANBAN_BIN\" {words}"),
            Duty::Person => format!("kanban {words} --board {}", context.board),
        }
    }

    /// How to report, with the commands.
    pub fn text(&self, context: &Context) -> String {
        let id = &context.task.id;
        let mut lines = vec![self.opening(&context.column).to_owned(), String::new()];
        let mut say = |label: &str, words: String| {
            lines.push(format!("{label:<18}{}", self.command(context, &words)));
        };
        match context.column {
            Status::Review => {
                say(
                    "it is good:",
                    format!("complete {id} --summary \"what you looked at\""),
                );
                say(
                    "it is not yet:",
                    format!("request-changes {id} --reason \"what is to be changed\""),
                );
            }
            Status::Triage => {
                say(
                    "say it better:",
                    format!("edit {id} --title \"…\" --body \"…\""),
                );
                say(
                    "split it:",
                    "create \"a part of it\" --assignee NAME --body \"…\"".to_owned(),
                );
                say("then wait for it:", format!("link PART {id}"));
            }
            _ => {
                say(
                    "it is done:",
                    format!(
                        "complete {id} --summary \"what came of it\" --metadata '{{\"changed_files\": []}}'"
                    ),
                );
                say(
                    "look at it:",
                    format!("request-review {id} --summary \"what came of it\""),
                );
            }
        }
        say(
            "a person has to:",
            format!("block {id} --kind needs_input --reason \"what is to be decided\""),
        );
        if self.duty != Duty::Person {
            say(
                "it takes long:",
                format!("heartbeat {id} --note \"how far it is\""),
            );
        }
        say(
            "to remember:",
            format!("comment {id} \"for whoever has it next\""),
        );
        if context.column != Status::Triage && self.duty != Duty::Person {
            say(
                "more to do:",
                "create \"a title\" --assignee NAME --body \"what is to be done\"".to_owned(),
            );
        }
        if self.duty != Duty::Person {
            lines.push(String::new());
            lines.push("Tools called kanban_complete, kanban_block and so on do the same, where you have them.".into());
        }
        lines.join("\n")
    }

    fn opening(&self, column: &Status) -> &'static str {
        match (self.duty, column) {
            (Duty::Person, _) => "One of these moves the card:",
            (Duty::Exit, Status::Review) => {
                "Somebody else did the work; you look at it. Exit with status 0 if it is good. 75 asks to be run again \
                 later, anything else means that you could not look at it. Or, before that:"
            }
            (Duty::Explicit, Status::Review) => {
                "Somebody else did the work; you look at it, and say what you found before you exit:"
            }
            (_, Status::Triage) => {
                "The card is not specified well enough to be worked on. See to that, and exit with status 0: it goes \
                 on then, when the cards that it waits for are done."
            }
            (Duty::Exit, _) => {
                "Exit with status 0 when it is done, with 75 to be run again later, with anything else if it failed. \
                 The last line of output is kept as the result. Or, before that:"
            }
            (Duty::Explicit, _) => {
                "Report in one of the first ways before you exit: exit status 0 alone does not count as done."
            }
        }
    }
}
