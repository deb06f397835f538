//! Which cards to start, in dispatch order, and why not the others.

use std::collections::HashSet;
use std::ops::ControlFlow;

use anyhow::Result;

use super::Tick;
use super::judge::Judge;
use super::waiting::{Reason, WaitingCards};
use crate::board::id::TaskId;
use crate::config::Worker;
use crate::store::claims::{self, Candidate};
use crate::store::runs;

/// A card to start, and who works on it.
pub struct Pick<'c> {
    /// The card, as it was seen.
    pub card: Candidate,
    /// Who works on it.
    pub worker: &'c Worker,
}

/// What came of the cards that are ready.
pub struct Picked<'c> {
    /// Those to start.
    pub starts: Vec<Pick<'c>>,
    /// Those that another program made ready too early.
    pub early: Vec<TaskId>,
    /// The runs that the board knew as open.
    pub open: HashSet<String>,
}

/// Decides which cards to start; a card that cannot start takes no place.
pub fn pick<'c>(tick: &mut Tick<'c>) -> Result<Picked<'c>> {
    let (config, board, now) = (tick.config, tick.board, tick.now);
    let (mut starts, mut early) = (Vec::new(), Vec::new());
    let mut waiting = WaitingCards::default();
    let mut open = HashSet::new();
    tick.store.read("looking for cards to start", |conn| {
        open = runs::alive_nonces(conn)?;
        let mut judge = Judge::new(conn, config, board, now)?;
        for column in judge.columns() {
            claims::candidates(conn, &column, |card| {
                match judge.judge(&card) {
                    Ok(worker) => starts.push(Pick { card, worker }),
                    Err(reason) => {
                        if reason == Reason::WaitsForParent {
                            early.push(card.id.clone());
                        }
                        waiting.add(card.id, reason);
                    }
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(())
    })?;
    tick.report.waiting = waiting;
    Ok(Picked {
        starts,
        early,
        open,
    })
}
