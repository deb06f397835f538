//! The timer that is a block in the user's crontab, which only the `crontab` program reads and writes.

use anyhow::Result;

use super::{Done, Mode, Written};
use crate::exit::{Failure, Kind as Exit};
use crate::hosts::cron;
use crate::hosts::{self, Job, Mark, Owner};
use crate::worker::tool::{Output, Tool};

/// How the crontab is called where files are listed.
const NAME: &str = "the crontab of this user";

/// The crontab of this user; empty if there is none yet. `None`: there is no crontab program here.
///
/// "Could not be read" is never "empty": what is written afterwards takes the place of all of it.
pub fn read() -> Result<Option<Vec<u8>>> {
    let Some(output) = Tool::new("crontab", ["-l"]).run()? else {
        return Ok(None);
    };
    if output.success {
        return Ok(Some(output.stdout));
    }
    let said = output.complaint.to_lowercase();
    // The second is what busybox says.
    if said.contains("no crontab for")
        || (said.contains("can't open") && said.contains("no such file"))
    {
        return Ok(Some(Vec::new()));
    }
    if said.contains("not allowed") {
        return Err(Failure::refused(format!("crontab -l: {}", output.complaint)).into());
    }
    Err(failed("crontab -l", &output).into())
}

fn failed(command: &str, output: &Output) -> Failure {
    Failure::new(Exit::Failed, format!("{command}: {}", output.complaint))
}

/// What is written.
pub fn written(job: &Job) -> Result<Written> {
    Ok(Written {
        path: NAME.into(),
        text: cron::block(job)?,
    })
}

/// Puts the block of a timer into the crontab.
pub fn install(job: &Job, mode: Mode, done: &mut Done) -> Result<()> {
    let block = written(job)?;
    let Some(old) = read()? else {
        return Err(
            Failure::new(Exit::Failed, "there is no crontab program here")
                .hint("install cron, or use another --kind")
                .into(),
        );
    };
    let place = cron::find(&old, &job.mark.ticked)?;
    if let Some(place) = place.clone() {
        require_ours(&old[place], &job.mark)?;
    }
    let new = cron::replace(&old, place, &block.text);
    if mode == Mode::Do {
        run(&["-"], &new)?;
        require_taken(job, &block.text)?;
    }
    done.ran.push("crontab -".into());
    done.written.push(block);
    Ok(())
}

/// Some programs take what they cannot use without a word.
fn require_taken(job: &Job, block: &str) -> Result<()> {
    let now = read()?.unwrap_or_default();
    let place = cron::find(&now, &job.mark.ticked)?;
    if place.is_some_and(|place| now[place] == *block.as_bytes()) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Failed,
        "crontab says that all is well, and shows something else than it was given",
    )
    .hint("see crontab -l")
    .into())
}

fn require_ours(block: &[u8], mark: &Mark) -> Result<()> {
    match hosts::owner(&String::from_utf8_lossy(block), &cron::seal(mark)) {
        Owner::Us => Ok(()),
        Owner::Another | Owner::Stranger => Err(Failure::refused(format!(
            "the block of {} in {NAME} was not written for this home of kanban",
            mark.ticked
        ))
        .hint("remove it with the KANBAN_HOME that stands in it, or with crontab -e")
        .into()),
    }
}

fn run(arguments: &[&str], input: &[u8]) -> Result<()> {
    match Tool::new("crontab", arguments).input(input).run()? {
        Some(output) if output.success => Ok(()),
        Some(output) => {
            let command = format!("crontab {}", arguments.join(" "));
            Err(failed(&command, &output).into())
        }
        None => Err(Failure::new(Exit::Failed, "the crontab program is gone").into()),
    }
}

/// Takes the block of a timer out of the crontab, if it is there and this home's.
pub fn remove(mark: &Mark, done: &mut Done) -> Result<()> {
    let Some(old) = read()? else {
        return Ok(());
    };
    let Some(place) = cron::find(&old, &mark.ticked)? else {
        return Ok(());
    };
    require_ours(&old[place.clone()], mark)?;
    let new = cron::replace(&old, Some(place), "");
    if new.is_empty() {
        // As it is for a user who never had one.
        run(&["-r"], &[])?;
        done.ran.push("crontab -r".into());
    } else {
        run(&["-"], &new)?;
        done.ran.push("crontab -".into());
    }
    done.removed
        .push(format!("the block of {} from {NAME}", mark.ticked));
    Ok(())
}
