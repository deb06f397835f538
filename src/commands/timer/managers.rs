//! Those who start what the files describe, and the commands by which they are told of a change.
//!
//! Knows no file's content, and runs nothing that was not asked for.

use anyhow::Result;

use super::Kind;
use crate::exit::{Failure, Kind as Exit};
use crate::hosts::cron::shell_word;
use crate::platform;
use crate::worker::tool::Tool;

/// Who reads the files of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// The systemd of this user.
    User,
    /// The systemd of this machine.
    System,
    /// The launchd of this user.
    Launchd,
}

/// Whether a command has to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// What comes after it makes no sense otherwise.
    Success,
    /// It makes sure of something that may be so already.
    Attempt,
}

/// A command for a manager.
#[derive(Debug, Clone)]
pub struct Step {
    words: Vec<String>,
    need: Need,
}

impl Step {
    fn new(words: &[&str]) -> Self {
        Self {
            words: words.iter().map(|w| (*w).to_owned()).collect(),
            need: Need::Success,
        }
    }

    fn attempt(self) -> Self {
        Self {
            need: Need::Attempt,
            ..self
        }
    }

    /// As it would be typed.
    pub fn line(&self) -> String {
        let words: Vec<String> = self.words.iter().map(|w| shell_word(w)).collect();
        words.join(" ")
    }

    /// Runs it.
    pub fn run(&self) -> Result<()> {
        let (name, arguments) = (&self.words[0], &self.words[1..]);
        let failed = |why: String| Failure::new(Exit::Failed, format!("{}: {why}", self.line()));
        match Tool::new(name, arguments).run()? {
            None => Err(failed("there is no such program".into()).into()),
            Some(output) if !output.success && self.need == Need::Success => {
                Err(failed(output.complaint).into())
            }
            Some(_) => Ok(()),
        }
    }
}

/// What a manager calls a timer.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// The file, for a manager that has to be given it.
    pub path: String,
}

impl Manager {
    /// Who reads the files of a kind; nobody does of a crontab.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::SystemdSystem => Self::System,
            Kind::Launchd => Self::Launchd,
            Kind::Systemd | Kind::Cron => Self::User,
        }
    }

    /// Whether it is there to be told.
    pub fn answers(self) -> Result<bool> {
        let Some(systemctl) = self.systemctl() else {
            return Ok(platform::MACOS);
        };
        let asked = [systemctl, &["show", "--property=Version"]].concat();
        let answer = Tool::new(asked[0], &asked[1..]).run()?;
        Ok(answer.is_some_and(|output| output.success))
    }

    /// Whether its units go on when the user logs out; true if that cannot be told.
    pub fn outlasts_a_session(self) -> Result<bool> {
        if self != Self::User {
            return Ok(true);
        }
        let user = rustix::process::geteuid().as_raw().to_string();
        let answer = Tool::new("loginctl", ["show-user", &user, "--property=Linger"]).run()?;
        Ok(answer.is_none_or(|output| output.stdout.trim_ascii() != b"Linger=no"))
    }

    fn systemctl(self) -> Option<&'static [&'static str]> {
        match self {
            Self::User => Some(&["systemctl", "--user"]),
            Self::System => Some(&["systemctl"]),
            Self::Launchd => None,
        }
    }

    /// What makes new files count.
    pub fn start(self, unit: &Unit) -> Vec<Step> {
        let Some(systemctl) = self.systemctl() else {
            return vec![Step::new(&[
                "launchctl",
                "bootstrap",
                &domain(),
                &unit.path,
            ])];
        };
        let step = |words: &[&str]| Step::new(&[systemctl, words].concat());
        vec![
            step(&["daemon-reload"]),
            step(&["enable", "--now", &unit.name]),
        ]
    }

    /// What makes changed files count.
    pub fn restart(self, unit: &Unit) -> Vec<Step> {
        match self.systemctl() {
            None => [self.stop(unit), self.start(unit)].concat(),
            Some(systemctl) => {
                // One that runs keeps to its old times until it is started again.
                let again = Step::new(&[systemctl, &["restart", &unit.name]].concat());
                [self.start(unit), vec![again]].concat()
            }
        }
    }

    /// What comes before the files are taken away.
    pub fn stop(self, unit: &Unit) -> Vec<Step> {
        match self.systemctl() {
            None => {
                let name = format!("{}/{}", domain(), unit.name);
                vec![Step::new(&["launchctl", "bootout", &name]).attempt()]
            }
            Some(systemctl) => {
                let words = [systemctl, &["disable", "--now", &unit.name]].concat();
                vec![Step::new(&words)]
            }
        }
    }

    /// What comes after the files were taken away.
    pub fn forget(self) -> Vec<Step> {
        match self.systemctl() {
            None => Vec::new(),
            Some(systemctl) => vec![Step::new(&[systemctl, &["daemon-reload"]].concat())],
        }
    }
}

fn domain() -> String {
    format!("gui/{}", rustix::process::geteuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsx::forking;

    fn lines(steps: &[Step]) -> Vec<String> {
        steps.iter().map(Step::line).collect()
    }

    #[test]
    fn each_manager_is_told_in_its_own_words() {
        let unit = Unit {
            name: "x.timer".into(),
            path: "/a b/x".into(),
        };
        assert_eq!(
            lines(&Manager::User.restart(&unit)),
            [
                "systemctl --user daemon-reload",
                "systemctl --user enable --now x.timer",
                "systemctl --user restart x.timer"
            ]
        );
        assert_eq!(
            lines(&Manager::System.stop(&unit)),
            ["systemctl disable --now x.timer"]
        );
        let launchd = lines(&Manager::Launchd.restart(&unit));
        assert!(
            launchd[0].starts_with("launchctl bootout gui/") && launchd[0].ends_with("/x.timer")
        );
        assert!(launchd[1].ends_with(" '/a b/x'"), "{launchd:?}");
    }

    #[test]
    fn a_command_that_fails_says_what_it_was_and_one_that_may_fail_is_silent() {
        let _forks = forking::forks();
        let step = Step::new(&["sh", "-c", "echo 'no bus' >&2; exit 1"]);
        let error = step.run().unwrap_err().to_string();
        assert!(
            error.starts_with("sh -c ") && error.ends_with(": no bus"),
            "{error}"
        );
        step.attempt().run().unwrap();
        assert!(Step::new(&["no-such-program-at-all"]).run().is_err());
    }
}
