//! `kanban search`

use anyhow::Result;

use super::list::{Filter, show};
use super::{Global, Session};
use crate::exit::Failure;
use crate::store::listing::{self, ListFilter};
use crate::time;

/// Find cards by words of their title, body or comments
///
/// A card is found if each word occurs somewhere in it, in any order; capital and small letters are the same
/// for the letters of English. Archived cards are found with --status archived.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban search login
  $ kanban search "the login" --status todo --ids"#)]
pub struct Args {
    /// What to look for; "two words" in one argument are looked for as they are
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    #[command(flatten)]
    filter: Filter,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    if args.words.iter().any(|word| word.trim().is_empty()) {
        return Err(Failure::usage("an empty word is in every card; use kanban list").into());
    }
    let now = time::now()?;
    let filter = ListFilter {
        words: args.words.clone(),
        ..args.filter.of(now)?
    };
    let session = Session::open(global)?;
    let what = "cannot search the cards";
    let numbers = session.read(what, |conn| listing::numbers(conn, &filter))?;
    show(&session, what, &numbers, &args.filter, global, now)
}
