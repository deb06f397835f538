//! `kanban block`

use anyhow::Result;

use super::reporting::{Moved, show_moved};
use super::{Global, Session};
use crate::board::block::BlockKind;
use crate::board::id::CardRef;
use crate::board::statement::{self, Statement, Verb};
use crate::store::lifecycle;

/// Put cards where only kanban unblock takes them out again
///
/// A running card is taken away from its worker, which is asked to end. A worker blocks its own card
/// this way when it needs a person, by the run token in its environment (KANBAN_TOKEN). If its run no longer has
/// the card, it is refused, and what it reported is kept as a late result that kanban show has.
///
/// With --kind dependency, a card that waits for an open parent goes to todo instead and goes on by itself.
/// A card that is blocked for the same kind of cause again after an unblock goes to triage: letting it go
/// once more would only repeat it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban block t_1a2b3c4d --reason "which of the two logins is meant?"
  $ kanban unblock t_1a2b3c4d"#)]
pub struct Args {
    /// The cards
    #[arg(required = true, value_name = "ID")]
    ids: Vec<CardRef>,
    /// Why, for whoever is to unblock it
    #[arg(long, value_name = "TEXT", value_parser = statement::text)]
    reason: Option<String>,
    /// What it waits for: dependency (a linked card), needs_input, capability or transient
    #[arg(long, value_name = "KIND")]
    kind: Option<BlockKind>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let cause = (args.kind, args.reason.as_deref());
    show_moved(global, &block(&session, &args.ids, cause)?)
}

/// Blocks cards, and says what for.
pub(super) fn block(
    session: &Session,
    cards: &[CardRef],
    (kind, reason): (Option<BlockKind>, Option<&str>),
) -> Result<Vec<Moved>> {
    let said = Statement {
        reason,
        kind,
        ..Statement::bare(Verb::Block)
    };
    session.report(cards, said, |tx, id, actor, now| {
        lifecycle::block(tx, id, actor, (kind, reason), now)
    })
}
