//! The timers that are files: units of systemd and agents of launchd.
//!
//! All of a timer's files come or none does: whatever fails on the way, what was there before comes back.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::managers::{Manager, Step, Unit};
use super::{Done, Kind, Mode, Written};
use crate::config::Surroundings;
use crate::exit::{Failure, Kind as Exit};
use crate::fsx::{self, Scratch};
use crate::hosts::systemd::RunAs;
use crate::hosts::{self, Job, Mark, Owner, Text, launchd, systemd};
use crate::worker::tool::Tool;

/// Where the units of the machine's own administrator are.
pub(super) const SYSTEM_UNITS: &str = "/etc/systemd/system";

/// The files of a timer, whether they are there or not. The first is the one that starts it.
pub struct Files {
    manager: Manager,
    unit: Unit,
    paths: Vec<PathBuf>,
    /// The line by which each is known.
    seal: String,
    /// What the agent of launchd writes its errors to.
    errors: Option<Text>,
}

impl Files {
    /// The files of a kind of timer.
    pub fn of(kind: Kind, mark: &Mark, place: &Surroundings) -> Result<Self> {
        let homeless = |variables: &str| {
            Failure::usage(format!("{variables} is not set to a folder"))
                .hint("set it, or use another --kind")
        };
        let ticked = &mark.ticked;
        if kind == Kind::Launchd {
            let library = place
                .home
                .as_ref()
                .ok_or_else(|| homeless("HOME"))?
                .join("Library");
            let name = launchd::label(ticked);
            let path = library.join(format!("LaunchAgents/{name}.plist"));
            let errors = library.join(format!("Logs/{name}.log"));
            return Ok(Self {
                manager: Manager::Launchd,
                unit: Unit {
                    path: Text::new("the path of the agent", &path)?.to_string(),
                    name,
                },
                paths: vec![path],
                seal: launchd::seal(mark),
                errors: Some(Text::new("the path of the agent's log", errors)?),
            });
        }
        let folder = match kind {
            Kind::SystemdSystem => SYSTEM_UNITS.into(),
            _ => place
                .configs
                .as_ref()
                .ok_or_else(|| homeless("neither XDG_CONFIG_HOME nor HOME"))?
                .join("systemd/user"),
        };
        let name = systemd::timer_name(ticked);
        let paths = vec![
            folder.join(&name),
            folder.join(systemd::service_name(ticked)),
        ];
        Ok(Self {
            manager: Manager::of(kind),
            unit: Unit {
                path: paths[0].display().to_string(),
                name,
            },
            paths,
            seal: systemd::seal(mark),
            errors: None,
        })
    }

    /// The content of a file that may be replaced or removed. `None`: there is no such file.
    fn look(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        let shown = path.display();
        let refused = |what: &str| Failure::refused(format!("{shown} {what}"));
        match path.symlink_metadata() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e).with_context(|| format!("cannot look at {shown}")),
            Ok(meta) if !meta.is_file() => {
                return Err(refused("is not a file of its own (a link?)")
                    .hint("whoever made it has to change it, or remove it first")
                    .into());
            }
            Ok(_) => {}
        }
        let content = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
        match hosts::owner(&String::from_utf8_lossy(&content), &self.seal) {
            Owner::Us => Ok(Some(content)),
            Owner::Another => Err(refused("is the timer of another home of kanban")
                .hint("the line \"kanban timer\" in it says which; remove it with that KANBAN_HOME, or by hand")
                .into()),
            Owner::Stranger => Err(refused("was not written by kanban")
                .hint("remove or rename it first, if it is not needed")
                .into()),
        }
    }

    /// What is to be in them. `owner` is the user whose board it is.
    pub fn texts(self, job: &Job, owner: Option<u32>) -> Result<Planned> {
        let texts = match &self.errors {
            Some(errors) => vec![launchd::agent(job, errors.as_str())?],
            None => vec![
                systemd::timer(job),
                systemd::service(job, self.run_as(owner))?,
            ],
        };
        Ok(Planned { files: self, texts })
    }

    fn run_as(&self, owner: Option<u32>) -> RunAs {
        let us = rustix::process::geteuid().as_raw();
        match (self.manager, owner.unwrap_or(us)) {
            (Manager::System, id) if id != 0 => RunAs::User(id),
            _ => RunAs::Manager,
        }
    }

    /// Asked beforehand, so that nothing is half done: systemctl would ask for a password and go on.
    fn require_permission(&self) -> Result<()> {
        if self.manager != Manager::System || rustix::process::geteuid().is_root() {
            return Ok(());
        }
        Err(
            Failure::refused(format!("only root can change what is in {SYSTEM_UNITS}"))
                .hint("sudo env HOME=\"$HOME\" PATH=\"$PATH\" kanban timer …")
                .into(),
        )
    }

    /// Stops the timer and removes the files that are there.
    pub fn remove(&self, done: &mut Done) -> Result<()> {
        let mut there = Vec::new();
        for path in &self.paths {
            if self.look(path)?.is_some() {
                there.push(path);
            }
        }
        if there.is_empty() {
            return Ok(());
        }
        self.require_permission()?;
        let answers = self.manager.answers()?;
        if answers && there.contains(&&self.paths[0]) {
            run_all(&self.manager.stop(&self.unit), done)?;
        }
        if !answers {
            self.remove_wish(done)?;
        }
        for path in there {
            std::fs::remove_file(path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
            done.removed.push(path.display().to_string());
        }
        let forget = self.manager.forget();
        if answers {
            run_all(&forget, done)?;
        } else {
            done.to_run.extend(forget.iter().map(Step::line));
        }
        Ok(())
    }

    /// Removes the link by which "systemctl enable" has the timer started, when systemctl cannot.
    fn remove_wish(&self, done: &mut Done) -> Result<()> {
        let Some(folder) = self.paths[0].parent() else {
            return Ok(());
        };
        let link = folder.join("timers.target.wants").join(&self.unit.name);
        if link
            .read_link()
            .is_ok_and(|to| to.ends_with(&self.unit.name))
        {
            std::fs::remove_file(&link)
                .with_context(|| format!("cannot remove {}", link.display()))?;
            done.removed.push(link.display().to_string());
        }
        Ok(())
    }
}

/// Files and what is to be in them.
pub struct Planned {
    files: Files,
    texts: Vec<String>,
}

impl Planned {
    fn each(&self) -> impl Iterator<Item = (&PathBuf, &String)> {
        self.files.paths.iter().zip(&self.texts)
    }

    /// What is written where.
    pub fn written(&self) -> Vec<Written> {
        self.each()
            .map(|(path, text)| Written {
                path: path.display().to_string(),
                text: text.clone(),
            })
            .collect()
    }

    /// Checks, writes and starts it all.
    pub fn install(&self, mode: Mode, done: &mut Done) -> Result<()> {
        let before = self.each().map(|(path, _)| self.files.look(path));
        let before: Vec<Option<Vec<u8>>> = before.collect::<Result<_>>()?;
        self.verify()?;
        let Files { manager, unit, .. } = &self.files;
        let steps = match before[0] {
            Some(_) => manager.restart(unit),
            None => manager.start(unit),
        };
        done.written = self.written();
        let answers = manager.answers()?;
        let lines = steps.iter().map(Step::line);
        match (answers, mode) {
            (false, _) => done.to_run.extend(lines),
            (true, Mode::Show) => done.ran.extend(lines),
            (true, Mode::Do) => {}
        }
        if mode == Mode::Show {
            return Ok(());
        }
        self.files.require_permission()?;
        let told = self.write().and_then(|()| match answers {
            true => run_all(&steps, done),
            false => Ok(()),
        });
        if told.is_err() {
            self.undo(&before, answers);
            return told;
        }
        if answers && !manager.outlasts_a_session()? {
            done.notes.push(
                "timer and workers end when this user logs out; loginctl enable-linger lets them go on"
                    .into(),
            );
        }
        Ok(())
    }

    fn write(&self) -> Result<()> {
        for (path, text) in self.each() {
            if let Some(folder) = path.parent() {
                fsx::private_dir(folder)?;
            }
            fsx::publish(path, text.as_bytes())?;
        }
        Ok(())
    }

    /// Brings back what was there. What cannot be brought back is told beside the error that led here.
    fn undo(&self, before: &[Option<Vec<u8>>], answers: bool) {
        let Files { manager, unit, .. } = &self.files;
        let was_there = before[0].is_some();
        let warn = |result: Result<()>| {
            if let Err(e) = result {
                log::warn!("{e:#}");
            }
        };
        if answers && !was_there {
            // It may not have come as far as that, and then there is nothing to stop.
            let _ = manager.stop(unit).iter().try_for_each(Step::run);
        }
        for ((path, _), old) in self.each().zip(before) {
            match old {
                Some(content) => warn(fsx::publish(path, content)),
                None => match std::fs::remove_file(path) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => {
                        warn(Err(e).with_context(|| format!("cannot remove {}", path.display())));
                    }
                    _ => {}
                },
            }
        }
        let steps = match was_there {
            true => manager.restart(unit),
            false => manager.forget(),
        };
        if answers {
            warn(steps.iter().try_for_each(Step::run));
        }
    }

    /// Has systemd read copies of the units, where it is there to do so.
    fn verify(&self) -> Result<()> {
        if self.files.manager == Manager::Launchd {
            return Ok(());
        }
        let scratch = Scratch::new()?;
        let mut names = Vec::new();
        for (path, text) in self.each() {
            let name = path.file_name().unwrap_or_default();
            fsx::replace(&scratch.path().join(name), text.as_bytes())?;
            names.push(PathBuf::from(".").join(name));
        }
        // Faults of these units count, and not those of other units that they have to do with.
        let strict: &[&str] = &["--recursive-errors=no"];
        for options in [strict, &[]] {
            let own: &[&str] = match self.files.manager {
                Manager::User => &["--user"],
                _ => &[],
            };
            let words = ["verify", "--man=no"].iter().chain(own).chain(options);
            let words = words
                .map(AsRef::as_ref)
                .chain(names.iter().map(|n| n.as_os_str()));
            let tool = Tool::new("systemd-analyze", words)
                .within(scratch.path())
                // It wants one for units of a user, and writes nothing there that has to stay.
                .variable("XDG_RUNTIME_DIR", scratch.path());
            match tool.run()? {
                Some(output) if output.complaint.contains("recursive-errors") => {}
                Some(output) if !output.success => {
                    return Err(Failure::new(
                        Exit::Failed,
                        format!("systemd would not take the units: {}", output.complaint),
                    )
                    .hint("nothing was written; see them with kanban timer print")
                    .into());
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }
}

fn run_all(steps: &[Step], done: &mut Done) -> Result<()> {
    for step in steps {
        step.run()?;
        done.ran.push(step.line());
    }
    Ok(())
}
