//! What a worker's command may look like: nothing that somebody wrote on a card is ever run.
//!
//! Only the command is looked at; whether its program exists is asked elsewhere.

use super::shell::{self, Run};
use super::template::{PLACEHOLDERS, placeholders};
use super::types::Part;

/// Placeholders whose text is whatever somebody wrote on a card.
const FREE_TEXT: [&str; 4] = ["title", "body", "prompt", "arg"];

/// Placeholders that stand for any number of values.
const SEVERAL: [&str; 2] = ["skill", "arg"];

/// Placeholders that may hold characters with a meaning for a shell, though they are no prose.
const NEEDS_QUOTES: [&str; 5] = ["task", "workspace", "assignee", "db", "branch"];

/// Placeholders whose text is chosen with the card, and stands in options rather than in prose.
const CHOSEN: [&str; 4] = ["model", "skill", "tenant", "branch"];

/// What is wrong with a command as it stands in the configuration.
pub fn check(command: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    if command
        .first()
        .is_some_and(|program| program.trim().is_empty())
    {
        problems.push("the program name is empty".to_owned());
    }
    let run_by_shell = shell::runs(command);
    for (at, argument) in command.iter().enumerate() {
        if argument.contains('\0') {
            problems.push(format!(
                "argument {at} has a NUL byte, which no command can be given"
            ));
        }
        for name in placeholders(argument) {
            let problem = if PLACEHOLDERS.iter().all(|(known, _)| *known != name) {
                unknown(name)
            } else if CHOSEN.contains(&name) && run_by_shell.contains(&Run::Script(at)) {
                in_script(name)
            } else if !FREE_TEXT.contains(&name) {
                continue;
            } else if at == 0 {
                format!("{{{name}}} is text that somebody wrote and cannot be the program")
            } else if run_by_shell.contains(&Run::Script(at)) {
                in_script(name)
            } else if run_by_shell.contains(&Run::File(at)) {
                format!(
                    "{{{name}}} would be the script that the shell runs, so a card could run anything"
                )
            } else if argument.len() != name.len() + 2 {
                format!(
                    "{{{name}}} must be an argument of its own, with nothing before or after it"
                )
            } else {
                continue;
            };
            problems.push(format!("argument {at}: {problem}"));
        }
    }
    problems
}

/// What is wrong with how a command is grouped.
pub fn check_parts(command: &[Part]) -> Vec<String> {
    let mut problems = Vec::new();
    for (at, part) in command.iter().enumerate() {
        match part {
            Part::Word(word) => problems.extend(
                placeholders(word)
                    .filter(|name| SEVERAL.contains(name))
                    .map(|name| {
                        format!(
                            "argument {at}: {{{name}}} stands for any number of values; write it in a group of its own, such as [\"--{name}\", \"{{{name}}}\"]"
                        )
                    }),
            ),
            Part::Group(words) => {
                if at == 0 {
                    problems.push("argument 0: the program cannot be left out".to_owned());
                }
                if words.iter().all(|word| placeholders(word).next().is_none()) {
                    problems.push(format!(
                        "argument {at}: a group without a placeholder would never be left out; write its words on their own"
                    ));
                }
            }
        }
    }
    problems
}

fn unknown(name: &str) -> String {
    let known: Vec<String> = PLACEHOLDERS
        .iter()
        .map(|(known, _)| format!("{{{known}}}"))
        .collect();
    format!(
        "{{{name}}} is no placeholder (there are {}); as literal text it is {{{{{name}}}}}",
        known.join(" ")
    )
}

fn in_script(name: &str) -> String {
    format!(
        "{{{name}}} would become part of a shell script, so a card could run anything; hand it over as an \
         argument, [\"sh\", \"-c\", \"echo \\\"$1\\\"\", \"sh\", \"{{{name}}}\"], or use \"$KANBAN_{}\"",
        name.to_uppercase()
    )
}

/// What is allowed in a command and still likely to go wrong.
pub fn cautions(command: &[String]) -> Vec<String> {
    let mut cautions = Vec::new();
    for run in shell::runs(command) {
        let Run::Script(at) = run else { continue };
        for name in placeholders(&command[at]).filter(|name| NEEDS_QUOTES.contains(name)) {
            cautions.push(format!(
                "argument {at}: {{{name}}} becomes part of a shell script and may hold spaces or quotes; \
                 \"$KANBAN_{}\" is safe",
                name.to_uppercase()
            ));
        }
    }
    let remote = command
        .first()
        .is_some_and(|program| program.rsplit('/').next() == Some("ssh"));
    let free = command
        .iter()
        .flat_map(|a| placeholders(a))
        .find(|name| FREE_TEXT.contains(name));
    if let (true, Some(name)) = (remote, free) {
        cautions.push(format!(
            "ssh hands its arguments to a shell on the other side, so {{{name}}} could run anything there; \
             send it on standard input instead"
        ));
    }
    cautions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(command: &[&str]) -> Vec<String> {
        command.iter().map(|&a| a.to_owned()).collect()
    }

    #[test]
    fn good_commands_pass() {
        for good in [
            &["claude", "-p", "{prompt}"][..],
            &["make", "-C{workspace}", "{task}"],
            &["{workspace}/run", "{title}", "{body}"],
            &["sh", "-c", "echo \"$1\"", "sh", "{title}"],
            &["sh", "-c", "cat {db}; echo {run}"],
            &["bash", "run.sh", "{title}"],
            &["grep", "-c", "{title}"],
            &["awk", "{{print}}"],
        ] {
            assert_eq!(check(&strings(good)), [""; 0], "{good:?}");
        }
    }

    #[test]
    fn bad_commands_are_told_why() {
        for (bad, why) in [
            (&[""][..], "program name is empty"),
            (&[" "], "program name is empty"),
            (&["{title}"], "cannot be the program"),
            (&["/opt/{title}/x"], "cannot be the program"),
            (
                &["x", "{promt}"],
                "{promt} is no placeholder (there are {task} {title}",
            ),
            (&["awk", "{print}"], "as literal text it is {{print}}"),
            (&["x", "--title={title}"], "an argument of its own"),
            (&["x", "{title}{body}"], "an argument of its own"),
            (&["x", "a\0b"], "argument 1 has a NUL byte"),
            (&["sh", "-c", "{body}"], "\"$KANBAN_BODY\""),
            (
                &["/bin/bash", "-lc", "echo '{title}'"],
                "\"sh\", \"{title}\"]",
            ),
            (
                &["env", "-i", "zsh", "-ec", "{prompt}"],
                "part of a shell script",
            ),
            (&["sh", "-c", "--", "{title}"], "part of a shell script"),
            (
                &["sh", "-c", "exec \"$@\"", "sh", "sh", "-c", "{title}"],
                "part of a shell script",
            ),
            (&["fish", "--command={title}"], "part of a shell script"),
            (&["sh", "{title}"], "the script that the shell runs"),
            (
                &["bash", "--", "{title}", "-c"],
                "the script that the shell runs",
            ),
        ] {
            let problems = check(&strings(bad)).join("; ");
            assert!(problems.contains(why), "{bad:?}: {problems}");
        }
        assert_eq!(check(&strings(&["", "{a}", "x{title}"])).len(), 3);
    }

    #[test]
    fn likely_accidents_are_cautioned_against() {
        let caution = |command: &[&str]| cautions(&strings(command)).join("; ");
        assert!(caution(&["sh", "-c", "cd {workspace}"]).contains("$KANBAN_WORKSPACE"));
        assert!(
            caution(&["/usr/bin/ssh", "host", "agent", "{prompt}"])
                .contains("shell on the other side")
        );
        assert_eq!(caution(&["sh", "-c", "echo {run} {board}"]), "");
        assert_eq!(caution(&["agent", "{workspace}", "{prompt}"]), "");
    }
}
