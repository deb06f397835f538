//! `kanban detach`

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use super::confirm::Confirm;
use super::{Global, Session};
use crate::board::id::{CardRef, TaskId};
use crate::board::statement::{Statement, Verb};
use crate::config::Caller;
use crate::exit::Failure;
use crate::fsx;
use crate::render::{self, escape};
use crate::store::attachments::{self, Attachment};
use crate::store::tasks;

/// Take files away from a card and delete them
///
/// Only the copy in the folder of the board is deleted, not what it was copied from. A file that another program
/// keeps elsewhere is no longer attached, but left where it is.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban detach t_1a2b3c4d screenshot.png --yes"#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// The files, by name, or by number where several have one name
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    confirm: Confirm,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let what = format!(
        "cannot detach from {} on board {}",
        args.id, session.board.slug
    );
    let (card, chosen) = session.reader()?.read(&what, |conn| {
        let card = tasks::get(conn, &tasks::find(conn, &args.id)?)?.id;
        let chosen = choose(&card, &attachments::of(conn, &card)?, &args.names)?;
        Ok((card, chosen))
    })?;
    let named: Vec<String> = chosen
        .iter()
        .map(|file| {
            format!(
                "{} ({})",
                file.filename,
                render::size(file.size.unsigned_abs())
            )
        })
        .collect();
    args.confirm
        .ask(&format!("{} of {card} will be deleted", named.join(", ")))?;
    let by = Caller::current().name;
    let said = Statement::bare(Verb::Detach);
    session.write_as(&what, said, &[&args.id], |tx, own, now| {
        for file in &chosen {
            if !attachments::remove(tx, &card, own.map(|own| own.run), file, &by, now)? {
                return Err(Failure::try_again(format!(
                    "{} was taken away by somebody else at the same moment",
                    file.filename
                ))
                .into());
            }
        }
        Ok(())
    })?;
    for file in &chosen {
        delete(&session, &card, file).context(what.clone())?;
    }
    if global.json {
        let all: Vec<_> = chosen
            .iter()
            .map(|file| json!({"id": file.id, "task_id": card, "filename": file.filename}))
            .collect();
        return render::print(&render::json(&all)?);
    }
    Ok(())
}

/// The files that were named, each once.
fn choose(card: &TaskId, files: &[Attachment], names: &[String]) -> Result<Vec<Attachment>> {
    let mut chosen: Vec<Attachment> = Vec::new();
    for name in names {
        let mut found: Vec<&Attachment> = files.iter().filter(|f| f.filename == *name).collect();
        if found.is_empty() {
            let number: Option<i64> = name.parse().ok();
            found = files.iter().filter(|f| Some(f.id) == number).collect();
        }
        match found.as_slice() {
            [] => {
                return Err(Failure::not_found(format!("{card} has no file {name:?}"))
                    .hint(format!("kanban attachments {card} lists its files"))
                    .into());
            }
            [one] if chosen.iter().any(|file| file.id == one.id) => {}
            [one] => chosen.push((*one).clone()),
            several => {
                let numbers: Vec<String> = several.iter().map(|f| f.id.to_string()).collect();
                let message = format!("{card} has {} files of the name {name:?}", several.len());
                return Err(Failure::usage(message)
                    .hint(format!("say which by its number: {}", numbers.join(", ")))
                    .into());
            }
        }
    }
    Ok(chosen)
}

/// Deletes the file of an attachment, if it is one of ours: a row can name any file there is.
fn delete(session: &Session, card: &TaskId, file: &Attachment) -> Result<()> {
    let path = Path::new(&file.stored_path);
    let ours = session.board.attachments().join(card.as_str());
    let inside = match (path.parent().map(Path::canonicalize), ours.canonicalize()) {
        (Some(Ok(parent)), Ok(ours)) => parent == ours && path.file_name().is_some(),
        _ => false,
    };
    if !inside {
        render::print_err(&escape::line(&format!(
            "kanban: {} is not in the folder of the board and was left there",
            path.display()
        )));
        return Ok(());
    }
    fsx::remove(path).context("it is detached, but its file is still there")?;
    Ok(())
}
