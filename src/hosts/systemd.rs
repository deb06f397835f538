//! A service that is one tick, and the timer that starts it.
//!
//! The service must leave the workers alone when the tick ends: `KillMode=process`, and none of the
//! settings that take a folder away with the service (`PrivateTmp=`, `RuntimeDirectory=`). It must delegate
//! its cgroup, below which each run gets its own.

use super::{Job, Mark, Ticked, is_plain};
use crate::exit::Failure;
use crate::time::Seconds;

const MINUTE: Seconds = 60;
const HOUR: Seconds = 3_600;
const DAY: Seconds = 86_400;

/// As which user a system service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunAs {
    /// The user whose manager has the unit, or root for a system unit.
    Manager,
    /// This user id.
    User(u32),
}

/// The name of the service's file.
pub fn service_name(ticked: &Ticked) -> String {
    ticked.named("kanban-tick", '-') + ".service"
}

/// Whether a file has the name of a service that this program writes.
pub fn is_service_name(name: &str) -> bool {
    let stem = name
        .strip_prefix("kanban-tick")
        .and_then(|rest| rest.strip_suffix(".service"));
    stem.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The name of the timer's file.
pub fn timer_name(ticked: &Ticked) -> String {
    ticked.named("kanban-tick", '-') + ".timer"
}

/// The line by which both files are known as ours.
pub fn seal(mark: &Mark) -> String {
    format!("# {}", mark.seal())
}

/// The service.
pub fn service(job: &Job, run_as: RunAs) -> Result<String, Failure> {
    let program = job.program.as_str();
    if let Some(odd) = program.chars().find(|c| "\"'\\".contains(*c)) {
        return Err(Failure::usage(format!(
            "systemd starts no program with {odd} in its path, and this one is {program}"
        ))
        .hint("install it elsewhere"));
    }
    // A dollar has no meaning in the path of the program, other than in its arguments.
    let mut command = vec![word(program)];
    command.extend(job.arguments().into_iter().map(argument));
    let mut text = opening(job);
    text += &format!(
        "[Unit]
Description=kanban tick of {}
Documentation=man:kanban-tick(1)

[Service]
Type=oneshot
# Workers live on when the tick that started them ends. systemd then says that processes remain running,
# and at the next tick that it found them left over; both are meant.
KillMode=process
# Each run gets its own cgroup below this unit's, so that everything a worker started is found and ended.
# systemd leaves such cgroups alone only in a unit with this setting.
Delegate=yes
",
        job.mark.ticked
    );
    if let RunAs::User(id) = run_as {
        text += &format!("User={id}\n");
    }
    for (name, value) in &job.environment {
        text += &format!("Environment={}\n", word(&format!("{name}={value}")));
    }
    text += &format!("ExecStart={}\n", command.join(" "));
    Ok(text)
}

/// The timer.
pub fn timer(job: &Job) -> String {
    let ticked = &job.mark.ticked;
    let when = match calendar(job.every) {
        // What was missed while the machine was off is made up for, where waiting would be long.
        Some(when) if job.every >= HOUR => format!("OnCalendar={when}\nPersistent=true\n"),
        Some(when) => format!("OnCalendar={when}\n"),
        // No clock time comes around this often: counted from the last tick instead.
        None => format!("OnActiveSec=1s\nOnUnitActiveSec={}s\n", job.every),
    };
    format!(
        "{}[Unit]
Description=kanban tick of {ticked}, every {}

[Timer]
{when}# The default of a minute would be as long as most intervals.
AccuracySec=1s

[Install]
WantedBy=timers.target
",
        opening(job),
        crate::time::humane(job.every)
    )
}

fn opening(job: &Job) -> String {
    format!(
        "{}\n# Written by \"kanban timer install\"; \"kanban timer remove\" takes it away.\n\n",
        seal(&job.mark)
    )
}

/// Clock times that are this far apart, if there are such.
fn calendar(every: Seconds) -> Option<String> {
    match every {
        s if s < MINUTE && MINUTE % s == 0 => Some(format!("*-*-* *:*:0/{s}")),
        s if s < HOUR && HOUR % s == 0 && s % MINUTE == 0 => {
            Some(format!("*-*-* *:0/{}:00", s / MINUTE))
        }
        s if s < DAY && DAY % s == 0 && s % HOUR == 0 => {
            Some(format!("*-*-* 0/{}:00:00", s / HOUR))
        }
        DAY => Some("*-*-* 00:00:00".into()),
        _ => None,
    }
}

/// A word of a unit file: in quotes if it needs them, the percent sign doubled.
fn word(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' => quoted.push_str("%%"),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// A word of `ExecStart=` after the program, where a dollar would begin a variable.
fn argument(text: &str) -> String {
    word(&text.replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::super::{Text, odd_job};
    use super::*;

    #[test]
    fn what_has_a_meaning_to_systemd_is_taken_as_it_is() {
        let text = service(&odd_job(60), RunAs::Manager).unwrap();
        for line in [
            r#"# kanban timer: board web-1 of /h/my 100% "boards""#,
            r#"Environment="PATH=/usr/bin:/h/a b:/50%%d:/$x:/\"q\":/界""#,
            "Environment=HOME=/h",
            r#"ExecStart="/opt/q $x 50%%/kanban" tick --board web-1 --config "/h/it's $$HOME & <é>.toml""#,
            "Type=oneshot",
            "KillMode=process",
            "Delegate=yes",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        for never in ["PrivateTmp", "RuntimeDirectory", "User="] {
            assert!(!text.contains(never), "{text}");
        }
        assert_eq!(argument(r"a\b"), r#""a\\b""#);
        assert_eq!(argument(""), r#""""#);
    }

    #[test]
    fn a_system_service_names_its_user() {
        let text = service(&odd_job(60), RunAs::User(1000)).unwrap();
        assert!(text.contains("\nUser=1000\n"), "{text}");
    }

    #[test]
    fn a_program_that_systemd_would_refuse_is_refused_here() {
        for path in ["/a\"b", "/a'b", "/a\\b"] {
            let mut job = odd_job(60);
            job.program = Text::new("", path).unwrap();
            assert!(service(&job, RunAs::Manager).is_err(), "{path}");
        }
    }

    #[test]
    fn a_timer_fires_at_clock_times_where_these_come_around_evenly() {
        for (every, lines) in [
            (1, "OnCalendar=*-*-* *:*:0/1\n"),
            (15, "OnCalendar=*-*-* *:*:0/15\n"),
            (60, "OnCalendar=*-*-* *:0/1:00\n"),
            (300, "OnCalendar=*-*-* *:0/5:00\n"),
            (3600, "OnCalendar=*-*-* 0/1:00:00\nPersistent=true\n"),
            (7200, "OnCalendar=*-*-* 0/2:00:00\nPersistent=true\n"),
            (86_400, "OnCalendar=*-*-* 00:00:00\nPersistent=true\n"),
            (7, "OnActiveSec=1s\nOnUnitActiveSec=7s\n"),
            (90, "OnActiveSec=1s\nOnUnitActiveSec=90s\n"),
            (172_800, "OnActiveSec=1s\nOnUnitActiveSec=172800s\n"),
        ] {
            let text = timer(&odd_job(every));
            assert!(text.contains(lines), "{every}: {text}");
            assert!(text.contains("\nAccuracySec=1s\n"), "{text}");
        }
    }
}
