//! `kanban attach`

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use super::{Global, Session};
use crate::board::attachment::FileName;
use crate::board::id::{CardRef, TaskId};
use crate::board::statement::{Statement, Verb};
use crate::config::Caller;
use crate::exit::Failure;
use crate::fsx::{self, Draft};
use crate::render::{self, escape};
use crate::store::{attachments, tasks};

/// Attach files to a card
///
/// They are copied to the folder of the board, where whoever works on the card finds them: kanban attachments
/// prints where. A name that is taken already gets a number, as in "report (1).pdf". Either all files are
/// attached or none. A worker attaches files to its own card, by the run token in its environment.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban attach t_1a2b3c4d screenshot.png
  $ dmesg | tail -20 | kanban attach t_1a2b3c4d - --name kernel.txt"#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// The files, each no larger than attachment_max_bytes of the configuration; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the file is called there, if there is only one; refused if it is taken [default: as it is called]
    #[arg(long, value_name = "NAME")]
    name: Option<FileName>,
}

/// What happens to a name that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IfTaken {
    Number,
    Refuse,
}

/// The files that have their names. They are taken back unless their rows were written.
struct Placed(Vec<(String, PathBuf, u64)>);

impl Drop for Placed {
    fn drop(&mut self) {
        for (_, path, _) in &self.0 {
            // What stays is a file that no card has; whoever attaches again is given another name.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    if args.name.is_some() && args.files.len() > 1 {
        return Err(Failure::usage("--name names one file, and there are several").into());
    }
    let sources = args
        .files
        .iter()
        .map(|file| Ok((file.as_path(), name_of(file, args.name.as_ref())?)))
        .collect::<Result<Vec<_>>>()?;
    let session = Session::open(global)?;
    let what = format!(
        "cannot attach to {} on board {}",
        args.id, session.board.slug
    );
    let card = session.reader()?.read(&what, |conn| {
        Ok(tasks::get(conn, &tasks::find(conn, &args.id)?)?.id)
    })?;
    let mut placed = place(&session, &card, &sources, args.name.is_some()).context(what.clone())?;
    let by = Caller::current().name;
    let said = Statement::bare(Verb::Attach);
    let ids = session.write_as(&what, said, &[&args.id], |tx, own, now| {
        let run = own.map(|own| own.run);
        let add = |(name, path, size): &(String, PathBuf, u64)| {
            attachments::add(tx, &card, run, (name, path, *size), &by, now)
        };
        placed.0.iter().map(add).collect::<Result<Vec<_>>>()
    })?;
    let files = std::mem::take(&mut placed.0);
    if global.json {
        let all: Vec<_> = ids
            .iter()
            .zip(&files)
            .map(|(id, (name, path, size))| {
                json!({"id": id, "task_id": card, "filename": name, "stored_path": path, "size": size})
            })
            .collect();
        return render::print(&render::json(&all)?);
    }
    let lines: String = files
        .iter()
        .map(|(name, _, _)| format!("{card} {}\n", escape::line(name)))
        .collect();
    render::print(&lines)
}

/// What a file is to be called.
fn name_of(file: &Path, named: Option<&FileName>) -> Result<FileName> {
    if let Some(name) = named {
        return Ok(name.clone());
    }
    if file.as_os_str() == "-" {
        return Err(Failure::usage("standard input has no name")
            .hint("say --name NAME")
            .into());
    }
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| {
        Failure::usage(format!("{} has no name that could be kept", file.display()))
            .hint("say --name NAME")
    })?;
    let name = name.parse::<FileName>();
    Ok(name.map_err(|why| Failure::usage(why).hint("say --name NAME"))?)
}

/// Copies the files to where the card's are, each under a name that was free.
fn place(
    session: &Session,
    card: &TaskId,
    sources: &[(&Path, FileName)],
    named: bool,
) -> Result<Placed> {
    let dir = session.board.attachments().join(card.as_str());
    fsx::private_dir(&dir)?;
    let dir = dir.canonicalize()?;
    let limit = session.config.defaults().attachment_max_bytes;
    let if_taken = match named {
        true => IfTaken::Refuse,
        false => IfTaken::Number,
    };
    let mut placed = Placed(Vec::new());
    for (source, name) in sources {
        let shown = source.display();
        let draft = match source.as_os_str() == "-" {
            true => Draft::copy(&dir, std::io::stdin().lock(), limit),
            false => Draft::copy(&dir, open(source)?, limit),
        };
        let draft = draft.with_context(|| format!("cannot copy {shown}"))?;
        let draft = draft.ok_or_else(|| {
            Failure::refused(format!("{shown} is larger than {limit} bytes"))
                .hint("attachment_max_bytes in [defaults] of the configuration is the limit")
        })?;
        let (name, path) = settle(&draft, &dir, name, if_taken)?;
        placed.0.push((name, path, draft.len()));
    }
    Ok(placed)
}

fn open(source: &Path) -> Result<impl Read> {
    let shown = source.display();
    let meta = source.symlink_metadata().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::not_found(format!("there is no file {shown}")).into()
        }
        _ => anyhow::Error::from(e).context(format!("cannot look at {shown}")),
    })?;
    let file = match meta.is_file() {
        true => fsx::open_existing(source).with_context(|| format!("cannot open {shown}"))?,
        false => return Err(no_file(source)),
    };
    // It may have been exchanged since.
    match file.metadata().is_ok_and(|meta| meta.is_file()) {
        true => Ok::<File, _>(file),
        false => Err(no_file(source)),
    }
}

fn no_file(source: &Path) -> anyhow::Error {
    let message = format!(
        "{} is a link or a folder or a device, not a file",
        source.display()
    );
    Failure::usage(message)
        .hint("name the file itself; of a folder, make an archive first")
        .into()
}

/// Gives a copy its name.
fn settle(
    draft: &Draft,
    dir: &Path,
    name: &FileName,
    if_taken: IfTaken,
) -> Result<(String, PathBuf)> {
    let mut wanted = name.to_string();
    for number in 1_u32.. {
        let path = dir.join(&wanted);
        if draft.keep_as(&path)? {
            return Ok((wanted, path));
        }
        if if_taken == IfTaken::Refuse {
            let message = format!("{} has a file of the name {name} already", dir.display());
            return Err(Failure::refused(message).hint("say another --name").into());
        }
        wanted = name.numbered(number);
    }
    Err(Failure::refused(format!("there is no free name for {name}")).into())
}
