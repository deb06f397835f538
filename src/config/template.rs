//! Placeholders in a worker's command. They are filled into arguments, never through a shell.
//!
//! A placeholder is a name of `a-z` and `_` in braces. `{{name}}` is the literal text `{name}`, and
//! braces right after a `$` are left alone. So is every other brace: JSON, `${variable}`,
//! `awk '{ print }'`, `find … {}` and Go's `{{.Names}}` need no escaping.

use super::types::Part;

/// Every placeholder and what it stands for.
pub const PLACEHOLDERS: &[(&str, &str)] = &[
    ("task", "id of the card"),
    ("title", "title of the card; an argument of its own"),
    (
        "body",
        "body of the card, empty if it has none; an argument of its own",
    ),
    (
        "prompt",
        "what its worker is told (kanban context); an argument of its own",
    ),
    ("board", "name of the board"),
    ("workspace", "folder that the worker runs in"),
    ("run", "number of the run"),
    ("priority", "priority of the card"),
    ("assignee", "name of the worker"),
    ("db", "path of the board's database"),
    (
        "model",
        "model that the card asks for, empty if it asks for none",
    ),
    (
        "branch",
        "branch that the card is worked on in, empty if it has none",
    ),
    ("tenant", "tenant of the card, empty if it has none"),
    ("skill", "each skill that the card asks for; in a group"),
    (
        "arg",
        "each further argument of the card; an argument of its own, in a group",
    ),
];

/// What the placeholders stand for in one run.
#[derive(Debug, Clone, Copy)]
pub struct Fill<'a> {
    /// Id of the card.
    pub task: &'a str,
    /// Title of the card.
    pub title: &'a str,
    /// Body of the card, empty if it has none.
    pub body: &'a str,
    /// What its worker is told about the card, and how to report.
    pub prompt: &'a str,
    /// Name of the board.
    pub board: &'a str,
    /// Folder that the worker runs in.
    pub workspace: &'a str,
    /// Number of the run.
    pub run: &'a str,
    /// Priority of the card.
    pub priority: &'a str,
    /// Name of the worker.
    pub assignee: &'a str,
    /// Path of the board's database.
    pub db: &'a str,
    /// Model that the card asks for, empty if it asks for none.
    pub model: &'a str,
    /// Branch of the card, empty if it has none.
    pub branch: &'a str,
    /// Tenant of the card, empty if it has none.
    pub tenant: &'a str,
    /// Skills that the card asks for.
    pub skills: &'a [String],
    /// Further arguments of the card.
    pub args: &'a [String],
}

impl Fill<'_> {
    fn push(&self, name: &str, to: &mut String) {
        let value = match name {
            "task" => self.task,
            "title" => self.title,
            "body" => self.body,
            "prompt" => self.prompt,
            "board" => self.board,
            "workspace" => self.workspace,
            "run" => self.run,
            "priority" => self.priority,
            "assignee" => self.assignee,
            "db" => self.db,
            "model" => self.model,
            "branch" => self.branch,
            "tenant" => self.tenant,
            // In a group, each value has its turn; nothing else is let pass.
            "skill" => return to.push_str(&self.skills.join(" ")),
            "arg" => return to.push_str(&self.args.join(" ")),
            // `check` lets no other name pass; what is not known stays as it was written.
            other => {
                to.push('{');
                to.push_str(other);
                "}"
            }
        };
        to.push_str(value);
    }
}

/// The command with its placeholders filled in. A group is repeated for each value of a placeholder that
/// stands for several, and left out where a placeholder in it stands for nothing.
pub fn fill_parts(command: &[Part], with: &Fill) -> Vec<String> {
    let mut filled = Vec::new();
    for part in command {
        match part {
            Part::Word(word) => filled.extend(fill(std::slice::from_ref(word), with)),
            Part::Group(words) => {
                let names: Vec<&str> = words.iter().flat_map(|word| placeholders(word)).collect();
                let empty = |name: &&str| {
                    let mut text = String::new();
                    with.push(name, &mut text);
                    text.is_empty()
                };
                let several = names.iter().find_map(|name| match *name {
                    "skill" => Some(("skill", with.skills)),
                    "arg" => Some(("arg", with.args)),
                    _ => None,
                });
                match several {
                    Some((name, values)) => filled.extend(values.iter().flat_map(|value| {
                        words
                            .iter()
                            .map(move |word| fill_word(word, with, Some((name, value))))
                    })),
                    None if names.iter().any(empty) => {}
                    None => filled.extend(fill(words, with)),
                }
            }
        }
    }
    filled
}

/// The command with its placeholders filled in, argument by argument. What was filled in is not looked
/// at again: a title may well be called `{body}`.
pub fn fill(command: &[String], with: &Fill) -> Vec<String> {
    command
        .iter()
        .map(|argument| fill_word(argument, with, None))
        .collect()
}

/// One argument; `own` is the value that a placeholder has this time.
fn fill_word(argument: &str, with: &Fill, own: Option<(&str, &String)>) -> String {
    let mut filled = String::with_capacity(argument.len());
    for piece in pieces(argument) {
        match (piece, own) {
            (Piece::Text(text), _) => filled.push_str(text),
            (Piece::Placeholder(name), Some((of, value))) if name == of => filled.push_str(value),
            (Piece::Placeholder(name), _) => with.push(name, &mut filled),
        }
    }
    filled
}

/// The names of the placeholders in an argument, known or not.
pub fn placeholders(argument: &str) -> impl Iterator<Item = &str> {
    pieces(argument)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Placeholder(name) => Some(name),
            Piece::Text(_) => None,
        })
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    /// The name without its braces.
    Placeholder(&'a str),
}

/// Cuts an argument into its literal text and its placeholders.
fn pieces(argument: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    // `done` is where the text that is not yet a piece begins, `at` where the next brace is looked for.
    let (mut done, mut at) = (0, 0);
    while let Some(open) = argument[at..].find('{').map(|found| at + found) {
        let (piece, end) = if argument[..open].ends_with('$') {
            let braces = argument[open..].bytes().take_while(|b| *b == b'{').count();
            at = open + braces;
            continue;
        } else if let Some(name) = name_at(argument, open + 1) {
            (Piece::Placeholder(name), open + name.len() + 2)
        } else if let Some(name) = doubled_name_at(argument, open) {
            (
                Piece::Text(&argument[open + 1..open + name.len() + 3]),
                open + name.len() + 4,
            )
        } else {
            at = open + 1;
            continue;
        };
        if done < open {
            pieces.push(Piece::Text(&argument[done..open]));
        }
        pieces.push(piece);
        (done, at) = (end, end);
    }
    if done < argument.len() {
        pieces.push(Piece::Text(&argument[done..]));
    }
    pieces
}

/// The name that begins at `at` and ends before a closing brace.
fn name_at(argument: &str, at: usize) -> Option<&str> {
    let (name, _) = argument[at..].split_once('}')?;
    let fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    fits.then_some(name)
}

/// The name in `{{name}}`, which begins at `at`.
fn doubled_name_at(argument: &str, at: usize) -> Option<&str> {
    if !argument[at..].starts_with("{{") {
        return None;
    }
    let name = name_at(argument, at + 2)?;
    argument[at + 2 + name.len()..]
        .starts_with("}}")
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILL: Fill = Fill {
        task: "t_1",
        title: "-x \"; rm {body}",
        body: "b\n$(id)",
        prompt: "do {title}",
        board: "bo",
        workspace: "/w s",
        run: "7",
        priority: "-2",
        assignee: "me",
        db: "/d",
        model: "",
        branch: "b",
        tenant: "",
        skills: &[],
        args: &[],
    };

    #[test]
    fn groups_are_left_out_or_repeated() {
        let group = |words: &[&str]| Part::Group(strings(words));
        let command = [
            Part::Word("x".into()),
            group(&["--model", "{model}"]),
            group(&["--branch={branch}"]),
            group(&["--skill", "{skill}", "{task}"]),
            group(&["{arg}"]),
        ];
        assert_eq!(fill_parts(&command, &FILL), ["x", "--branch=b"]);
        let (skills, args) = (strings(&["a", "{arg}"]), strings(&["-v", "{task}"]));
        let more = Fill {
            model: "m",
            skills: &skills,
            args: &args,
            ..FILL
        };
        assert_eq!(
            fill_parts(&command, &more),
            [
                "x",
                "--model",
                "m",
                "--branch=b",
                "--skill",
                "a",
                "t_1",
                "--skill",
                "{arg}",
                "t_1",
                "-v",
                "{task}"
            ]
        );
    }

    fn strings(command: &[&str]) -> Vec<String> {
        command.iter().map(|&a| a.to_owned()).collect()
    }

    fn filled(argument: &str) -> String {
        fill(&strings(&[argument]), &FILL).remove(0)
    }

    #[test]
    fn every_placeholder_is_filled_and_filled_text_is_left_alone() {
        for (name, _) in PLACEHOLDERS {
            let argument = format!("{{{name}}}");
            assert_ne!(filled(&argument), argument);
        }
        assert_eq!(filled("{title}"), FILL.title);
        assert_eq!(filled("{prompt}"), "do {title}");
        assert_eq!(filled("{board}/{task}-{run}{priority}ü"), "bo/t_1-7-2ü");
        assert_eq!(filled("--dir={workspace}"), "--dir=/w s");
    }

    #[test]
    fn other_braces_are_left_as_they_are() {
        for literal in [
            "",
            "{",
            "}",
            "{}",
            "{ print }",
            "{print $1}",
            "${task}",
            "${{task}}",
            "{a,b}",
            "{TASK}",
            "{{.Names}}",
            r#"{"a":{"b":1}}"#,
            "{{}}",
            "{task",
            "task}",
            "{ü}",
            "{{",
            "}}",
            "{\0}",
        ] {
            assert_eq!(filled(literal), literal);
        }
    }

    #[test]
    fn doubled_braces_around_a_name_are_literal() {
        assert_eq!(filled("{{task}}"), "{task}");
        assert_eq!(filled("{{{task}}}"), "{{task}}");
        assert_eq!(filled("{{print}} {task}"), "{print} t_1");
        assert_eq!(filled("{{task}"), "{t_1");
        assert_eq!(filled(r#"{"id":"{task}"}"#), r#"{"id":"t_1"}"#);
    }
}
