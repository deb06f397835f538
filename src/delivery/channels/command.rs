//! Any program on this machine: for whatever no other channel speaks.
//!
//! It reads one line of JSON, and a few variables say what it is about. What people wrote is in the JSON
//! alone: neither an argument nor a variable has any of it, so no shell can be made to run it.

use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::text::one_line;
use crate::delivery::verdict::short;
use crate::delivery::wire::{End, Ended, Program, Wire};
use crate::delivery::{Channel, Parcel, Secrets};

struct Helper {
    name: String,
    command: Vec<String>,
}

/// A channel to a program. Nothing is run.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(helper(settings, secrets)?))
}

fn helper(settings: &config::Channel, _: &Secrets) -> Result<Helper, String> {
    let command = &settings.keys.command;
    if command.first().is_none_or(String::is_empty) {
        return Err("command: the program name is empty".into());
    }
    if command.iter().any(|part| part.contains('\0')) {
        return Err("command: it has a NUL byte".into());
    }
    Ok(Helper {
        name: settings.name.clone(),
        command: command.clone(),
    })
}

impl Channel for Helper {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        let mut program = match self.program(parcel) {
            Ok(program) => program,
            Err(e) => return Outcome::dead_message(format!("it cannot be written as JSON: {e}")),
        };
        program.timeout = wire.patience();
        judge(&wire.run(&program))
    }
}

impl Helper {
    fn program(&self, parcel: &Parcel) -> Result<Program, serde_json::Error> {
        let about = &parcel.notice;
        let mut input = serde_json::to_vec(&parcel.payload())?;
        input.push(b'\n');
        let env = [
            ("KANBAN_EVENT", Some(about.event.kind.as_str())),
            (
                "KANBAN_TASK_ID",
                about.task.as_ref().map(|card| card.id.as_str()),
            ),
            ("KANBAN_BOARD", Some(about.board.as_str())),
            ("KANBAN_DELIVERY_ID", Some(parcel.id.as_str())),
            ("KANBAN_ATTEMPT", Some(parcel.attempt.to_string().as_str())),
            ("KANBAN_TARGET", Some(self.name.as_str())),
            ("KANBAN_TO", parcel.to.as_deref()),
            ("KANBAN_THREAD", parcel.thread.as_deref()),
        ]
        .into_iter()
        // A NUL byte that another program left in one of these would keep ours from being started.
        .filter_map(|(name, value)| Some((name.to_owned(), one_line(value?))))
        .collect();
        Ok(Program {
            command: self.command.clone(),
            input,
            env,
            timeout: std::time::Duration::ZERO,
        })
    }
}

/// The meaning of an exit status, after sysexits.h and what shells return for what they cannot run.
fn judge(ended: &Ended) -> Outcome {
    let how = match ended.how {
        End::Exit(code) => format!("exit {code}"),
        End::Signal(signal) => format!("it was killed by signal {signal}"),
        End::OverTime => "it took too long and was ended".into(),
        End::NotFound => "there is no such program".into(),
        End::NotStarted => "it could not be started".into(),
    };
    let why = match short(&ended.said) {
        said if said.is_empty() => how,
        said => format!("{how}: {said}"),
    };
    match ended.how {
        End::Exit(0) => Outcome::delivered(None),
        // EX_USAGE, EX_DATAERR: it does not take this message.
        End::Exit(64 | 65) => Outcome::dead_message(why),
        // EX_NOPERM, EX_CONFIG, not executable, not found: it takes none until somebody puts that right.
        End::Exit(77 | 78 | 126 | 127) | End::NotFound => Outcome::dead_target(why),
        // EX_UNAVAILABLE (69), EX_OSERR (71), EX_IOERR (74) and EX_TEMPFAIL (75) ask for another try, and a
        // status without a meaning gets one too.
        End::Exit(_) | End::NotStarted => Outcome::retry(why),
        // It may have told before it ended.
        End::Signal(_) | End::OverTime => Outcome::ambiguous(why),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, ACTING};
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::http::{Http, Private};
    use crate::delivery::text::tests::HOSTILE;
    use serde_json::Value;
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    fn channel(command: &[&str]) -> Result<Helper, String> {
        let settings = fake::settings(ChannelKind::Command, |keys| {
            keys.command = command.iter().map(|&part| part.to_owned()).collect();
        });
        helper(&settings, &Secrets::default())
    }

    fn variable<'a>(program: &'a Program, name: &str) -> Option<&'a str> {
        let mut all = program.env.iter();
        all.find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_program_reads_one_line_and_its_variables_say_what_it_is_about() {
        let channel = channel(&["notify", "--json"]).unwrap();
        let mut parcel = fake::parcel("blocked", HOSTILE);
        parcel.attempt = 3;
        parcel.to = Some("#ops".into());
        parcel.thread = Some("17".into());
        let program = channel.program(&parcel).unwrap();
        assert_eq!(program.command, ["notify", "--json"]);
        let line = program.input.strip_suffix(b"\n").unwrap();
        assert!(!line.contains(&b'\n'));
        let json: Value = serde_json::from_slice(line).unwrap();
        assert_eq!(json, parcel.payload());
        assert_eq!(json["task"]["title"], HOSTILE);
        for (name, value) in [
            ("KANBAN_EVENT", "blocked"),
            ("KANBAN_TASK_ID", "t_1a2b3c4d"),
            ("KANBAN_BOARD", "default"),
            ("KANBAN_DELIVERY_ID", "dlv_3f9a1c2e00112233445566778899aabb"),
            ("KANBAN_ATTEMPT", "3"),
            ("KANBAN_TARGET", "phone"),
            ("KANBAN_TO", "#ops"),
            ("KANBAN_THREAD", "17"),
        ] {
            assert_eq!(variable(&program, name), Some(value), "{name}");
        }
        parcel.notice.task = None;
        parcel.to = None;
        parcel.thread = None;
        let program = channel.program(&parcel).unwrap();
        for name in ["KANBAN_TASK_ID", "KANBAN_TO", "KANBAN_THREAD"] {
            assert_eq!(variable(&program, name), None, "{name}");
        }
    }

    #[test]
    fn what_people_wrote_is_in_the_json_alone() {
        let channel = channel(&["notify"]).unwrap();
        let mut parcel = fake::parcel("completed", ACTING);
        parcel.notice.event.kind = "odd\0kind".into();
        let program = channel.program(&parcel).unwrap();
        assert!(!program.input[..program.input.len() - 1].contains(&b'\n'));
        assert!(!program.input.contains(&0));
        for (name, value) in &program.env {
            assert!(!value.contains("Evil") && !value.contains('\0'), "{name}");
        }
        let json: Value = serde_json::from_slice(&program.input).unwrap();
        fake::assert_harmless(json["text"].as_str().unwrap());
        let long = channel.program(&fake::endless()).unwrap();
        assert!(long.env.iter().all(|(_, value)| value.len() < 100));
    }

    #[test]
    fn each_end_has_its_meaning_and_what_was_said_is_kept() {
        for (how, word) in [
            (End::Exit(0), "delivered"),
            (End::Exit(75), "retry"),
            (End::Exit(69), "retry"),
            (End::Exit(74), "retry"),
            (End::Exit(71), "retry"),
            (End::Exit(1), "retry"),
            (End::Exit(64), "dead_message"),
            (End::Exit(65), "dead_message"),
            (End::Exit(77), "dead_target"),
            (End::Exit(78), "dead_target"),
            (End::Exit(126), "dead_target"),
            (End::Exit(127), "dead_target"),
            (End::NotFound, "dead_target"),
            (End::NotStarted, "retry"),
            (End::Signal(9), "ambiguous"),
            (End::OverTime, "ambiguous"),
        ] {
            let said = String::new();
            assert_eq!(judge(&Ended { how, said }).word(), word, "{how:?}");
        }
        let ended = Ended {
            how: End::Exit(75),
            said: format!("no\nroute \u{1b}[1m{}", "x".repeat(1_000)),
        };
        let outcome = judge(&ended);
        let why = outcome.why().unwrap();
        assert!(why.starts_with("exit 75: no route [1mxx") && why.ends_with('…'));
        fake::assert_harmless(why);
    }

    #[test]
    fn a_program_gets_the_time_that_is_left_and_not_more() {
        let http = Http::new(Private::Allow);
        let seen = Mutex::new(None);
        let run = |program: &Program| {
            *seen.lock().unwrap() = Some(program.timeout);
            Ended {
                how: End::Exit(65),
                said: "too odd".into(),
            }
        };
        let until = Instant::now() + Duration::from_secs(2);
        let wire = Wire::new(&http, &run, Duration::from_secs(30), until);
        let channel = channel(&["notify"]).unwrap();
        let outcome = channel.send(&fake::parcel("completed", "x"), &wire);
        assert_eq!(outcome, Outcome::dead_message("exit 65: too odd"));
        let given = seen.lock().unwrap().unwrap();
        assert!(given > Duration::ZERO && given <= Duration::from_secs(2));
    }

    #[test]
    fn a_command_without_a_program_is_refused() {
        for bad in [&[][..], &[""], &["a\0b"]] {
            assert!(channel(bad).err().unwrap().starts_with("command: "));
        }
    }
}
