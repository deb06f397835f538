//! Which arguments of a command a shell would take for program text.
//!
//! Only shells by their usual names are known, wherever they stand in the command (`env bash -c …`).
//! This is a guard against a common mistake and no analysis of what a program does with its arguments.

/// The usual names of shells.
const SHELLS: [&str; 13] = [
    "ash", "bash", "csh", "dash", "elvish", "fish", "ksh", "mksh", "nu", "sh", "tcsh", "yash",
    "zsh",
];

/// Long options that take the next argument as their value.
const LONG_WITH_VALUE: [&str; 4] = ["--rcfile", "--init-file", "--init-command", "--emulate"];

/// An argument that a shell runs, by its position in the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// The text of a script, after `-c`.
    Script(usize),
    /// The name of a script file.
    File(usize),
}

/// Everything that the shells in a command would run.
pub fn runs(command: &[String]) -> Vec<Run> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < command.len() {
        let first = at + 1;
        match is_shell(&command[at])
            .then(|| operand(command, first))
            .flatten()
        {
            Some(Run::Script(script)) => {
                found.push(Run::Script(script));
                // The argument after the script is `$0`, often "sh", and starts no shell.
                at = script + 2;
            }
            // Further back, a lone "sh" may as well be the value of some option.
            Some(Run::File(file)) if at == 0 => {
                found.push(Run::File(file));
                at = file + 1;
            }
            _ => at = first,
        }
    }
    found
}

fn is_shell(argument: &str) -> bool {
    let name = argument.rsplit('/').next().unwrap_or(argument);
    SHELLS.contains(&name)
}

/// What a shell whose options begin at `at` would run. Options come before the script, and `-c` itself
/// has no value: the script is the first argument that is no option, as in `sh -c -e 'make'`.
fn operand(command: &[String], mut at: usize) -> Option<Run> {
    let (mut script, mut stdin) = (false, false);
    while let Some(argument) = command.get(at) {
        if argument == "--" || argument == "-" {
            at += 1;
            break;
        }
        if let Some(long) = argument.strip_prefix("--") {
            if long.starts_with("command=") {
                return Some(Run::Script(at));
            }
            script |= long == "command";
            at += usize::from(LONG_WITH_VALUE.contains(&argument.as_str()));
        } else if let Some(letters) = argument.strip_prefix(['-', '+']) {
            script |= argument.starts_with('-') && letters.contains('c');
            stdin |= letters.contains('s');
            // `-o pipefail`, `-O extglob`: each takes a value of its own.
            at += letters.matches(['o', 'O']).count();
        } else {
            break;
        }
        at += 1;
    }
    match (at < command.len(), script, stdin) {
        (true, true, _) => Some(Run::Script(at)),
        (true, false, false) => Some(Run::File(at)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &[&str]) -> Vec<Run> {
        runs(&command.iter().map(|&a| a.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_script_is_found_behind_every_spelling_of_the_options() {
        for (command, at) in [
            (&["sh", "-c", "x"][..], 2),
            (&["/usr/bin/bash", "-lc", "x", "sh", "y"], 2),
            (&["zsh", "-ec", "x"], 2),
            (&["fish", "--command", "x"], 2),
            (&["fish", "--command=x"], 1),
            (&["sh", "-c", "-e", "x"], 3),
            (&["sh", "-c", "--", "x"], 3),
            (&["bash", "-euo", "pipefail", "-c", "x"], 4),
            (&["bash", "--rcfile", "/f", "-c", "x"], 4),
            (&["bash", "-c", "+o", "history", "x"], 4),
            (&["env", "A=1", "bash", "-c", "x"], 4),
            (&["timeout", "60", "busybox", "sh", "-c", "x"], 5),
            (&["{workspace}/sh", "-c", "x"], 2),
        ] {
            assert_eq!(of(command), [Run::Script(at)], "{command:?}");
        }
    }

    #[test]
    fn what_follows_a_script_is_data_unless_it_is_another_shell() {
        assert_eq!(
            of(&["sh", "-c", "exec \"$@\"", "sh", "sh", "-c", "x"]),
            [Run::Script(2), Run::Script(6)]
        );
        assert_eq!(of(&["sh", "-c", "x", "sh", "-c", "y"]), [Run::Script(2)]);
        assert_eq!(of(&["bash", "run.sh", "-c", "x"]), [Run::File(1)]);
        assert_eq!(of(&["bash", "-x", "run.sh"]), [Run::File(2)]);
    }

    #[test]
    fn commands_without_a_script_have_none() {
        for command in [
            &[][..],
            &["make"],
            &["sh"],
            &["sh", "-c"],
            &["bash", "-s", "x"],
            &["bat", "-l", "sh", "x"],
        ] {
            assert_eq!(of(command), [], "{command:?}");
        }
        assert_eq!(of(&["grep", "-c", "x"]), []);
    }
}
