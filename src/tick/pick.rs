//! Which cards to start, in dispatch order, and why not the others.

use std::ops::ControlFlow;

use anyhow::Result;

use super::Tick;
use super::judge::Judge;
use super::report::Waiting;
use crate::config::Worker;
use crate::store::claims::{self, Candidate};

/// A card to start, and who works on it.
pub struct Pick<'c> {
    /// The card, as it was seen.
    pub card: Candidate,
    /// Who works on it.
    pub worker: &'c Worker,
}

/// Decides which cards to start; a card that cannot start takes no place.
pub fn pick<'c>(tick: &mut Tick<'c>) -> Result<Vec<Pick<'c>>> {
    let (config, board, now) = (tick.config, tick.board, tick.now);
    let (mut picks, mut waiting) = (Vec::new(), Vec::new());
    tick.store.read("looking for cards to start", |conn| {
        let mut judge = Judge::new(conn, config, board, now)?;
        for column in judge.columns() {
            claims::candidates(conn, &column, |card| {
                match judge.judge(&card) {
                    Ok(worker) => picks.push(Pick { card, worker }),
                    Err(reason) => waiting.push(Waiting {
                        task: card.id,
                        reason,
                    }),
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(())
    })?;
    tick.report.waiting = waiting;
    Ok(picks)
}
