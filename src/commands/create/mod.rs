//! `kanban create`

mod card;
mod file;
mod many;

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

pub(super) use self::card::Card;
use super::{Global, Session};
use crate::board::dependency::Release;
use crate::board::id::{CardRef, TaskId};
use crate::board::statement::{Statement, Verb};
use crate::board::task::{BODY_MAX, Maker, NewTask};
use crate::exit::Failure;
use crate::render;
use crate::store::lifecycle::Own;
use crate::store::tasks::Created;
use crate::store::{Snapshot, Store, Tx, tasks};
use crate::time;

/// Make a card, or those of a file
///
/// Prints its id. A card without parents is ready at once; with open parents it waits in todo, and with
/// --at in scheduled. The first card of a board that does not exist makes the board.
///
/// A card that a worker makes (with the run token in its environment, KANBAN_TOKEN) says which run made it, and
/// that run's card says so too. It is linked to nothing but the cards that --parent names: with the worker's own
/// card as the parent it starts when that is done.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER)]
pub struct Args {
    #[command(flatten)]
    card: Card,
    /// A card that has to be done first; may be given several times
    #[arg(long = "parent", value_name = "ID")]
    parents: Vec<CardRef>,
    /// Start it only if this card gives up; may be given several times
    #[arg(long, value_name = "ID")]
    after_failure: Vec<CardRef>,
    /// Start it when this card is done, gave up, or was cancelled; may be given several times
    #[arg(long, value_name = "ID")]
    after_any: Vec<CardRef>,
    /// Make the cards of this file, all or none; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = said_by_the_file())]
    from: Option<PathBuf>,
    /// With --from, only check the file and show what would be made
    #[arg(long)]
    dry_run: bool,
}

/// What a file of cards says for each of them. Not the key: beside a file it makes one for each card.
fn said_by_the_file() -> Vec<&'static str> {
    let links = ["parents", "after_failure", "after_any"];
    let properties = file::PROPERTIES.into_iter();
    properties
        .filter(|key| *key != "idempotency_key")
        .chain(links)
        .collect()
}

const AFTER: &str = "\
Examples:
  $ kanban create \"Mend the login\" --assignee coder --priority 5
  $ kanban create \"Announce it\" --assignee me --parent t_1a2b3c4d
  $ kanban create \"Tidy up\" --assignee coder --at \"tomorrow 9:00\"
  $ kanban create --from cards.toml --dry-run

A file of cards:
  TOML or JSON with a list called cards, made in one transaction. Each
  card has a title, and keys named like the options above with _ for -;
  skills, args, parents, after_failure and after_any are lists. By its
  name other cards of the file call it their parent; a parent can also
  be the whole id of a card that is there. body_file is looked for
  beside the file.

    [[cards]]
    name = \"build\"
    title = \"Build the release\"
    assignee = \"shell\"
    body = \"make release\"

    [[cards]]
    title = \"Announce it\"
    assignee = \"coder\"
    parents = [\"build\"]
    max_runtime = \"30m\"

  Printed are the id and the name of each card, in the order of the file.
  A card whose idempotency_key is there already is not made again, and
  stays as it is. --idempotency-key KEY gives the key KEY/NAME to each
  card of the file that has none: the same command again makes nothing
  twice, and with another KEY it makes all of them anew.";

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    if let Some(file) = &args.from {
        let effect = match args.dry_run {
            true => many::Effect::Shown,
            false => many::Effect::Made,
        };
        return many::run(file, args.card.idempotency_key.as_deref(), effect, global);
    }
    // Not left to the parser: it forgives a missing option that would exclude one that is there.
    if args.dry_run {
        return Err(Failure::usage("--dry-run is for --from FILE").into());
    }
    let now = time::now()?;
    let session = Session::open(global)?;
    let new = args.card.check(Path::new(""), &session, now)?;
    let parents = |tx: &Tx<'_>| parents(args, tx);
    if global.json {
        let (created, task) = create(&session, new, parents, tasks::get)?;
        let mut object = json!(task);
        object["new"] = json!(created.new);
        return render::print(&render::json(&object)?);
    }
    let (created, ()) = create(&session, new, parents, |_, _| Ok(()))?;
    render::print(&format!("{}\n", created.id))
}

/// Makes a card that waits for these parents, and the board if there is none, and looks at it. A worker may, as long
/// as its own card is its own.
pub(super) fn create<T>(
    session: &Session,
    mut new: NewTask,
    parents: impl FnOnce(&Tx<'_>) -> Result<Vec<(TaskId, Release)>>,
    look: impl FnOnce(&Snapshot, &TaskId) -> Result<T>,
) -> Result<(Created, T)> {
    make_board(session)?;
    let what = format!("cannot make a card on board {}", session.board.slug);
    session.write_as(&what, Statement::bare(Verb::Create), &[], |tx, own, now| {
        new.made_by = own.map(maker);
        new.parents = parents(tx)?;
        let created = tasks::create(tx, &new, now)?;
        let seen = look(tx, &created.id)?;
        Ok((created, seen))
    })
}

fn maker(own: &Own) -> Maker {
    Maker {
        run: own.run,
        card: own.task.clone(),
    }
}

/// Makes the board if there is none.
fn make_board(session: &Session) -> Result<()> {
    if session.board.db().symlink_metadata().is_err() && Store::create(&session.board.db())? {
        render::print_err(&format!("kanban: made the board {}", session.board.slug));
    }
    Ok(())
}

/// Every card that it waits for, each with the end that lets it go.
fn parents(args: &Args, tx: &Tx<'_>) -> Result<Vec<(TaskId, Release)>> {
    let mut all = Vec::new();
    for (cards, release) in [
        (&args.parents, Release::Success),
        (&args.after_failure, Release::Failure),
        (&args.after_any, Release::Any),
    ] {
        let ids = tasks::find_all(tx, cards)?;
        all.extend(ids.into_iter().map(|id| (id, release)));
    }
    Ok(all)
}

/// A text given as an argument, or read from standard input where the argument is `-`.
pub fn text_or_stdin(text: &str) -> Result<String> {
    match text {
        "-" => bounded(std::io::stdin().lock(), BODY_MAX).context("cannot read standard input"),
        text => Ok(text.to_owned()),
    }
}

/// Reads a text, but never much more than it may have: what has more is refused for its length.
fn bounded(source: impl Read, max: usize) -> Result<String> {
    let mut bytes = Vec::new();
    source.take(max as u64 + 1).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| Failure::usage("it is not UTF-8 text").into())
}
