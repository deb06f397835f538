//! How boards share the slots of this machine, where they want more than there are.
//!
//! No process watches over it. A board that finds all slots taken gets in line. While others are in line, a board
//! takes of what is free no more than its share by right: the slots of the machine, divided by the boards that want
//! some. Whatever else is free goes to the first in line, each in its turn: the tick that comes upon it takes the
//! slot and hands it, locked, to a tick of that board which it starts. So a slot that a worker of a busy board gives
//! back reaches the board that waits longest, and is nobody else's in between.
//!
//! A board that is served leaves the line, and gets in again behind the others if it wants more. One that has no
//! use for its slot, or cannot be opened, hands it to the next. Only a tick that used every slot it had gets in line
//! again, so ticks do not go on starting each other.

use std::collections::VecDeque;
use std::fs::File;

use anyhow::Result;

use super::{Tick, last_at, served, survey};
use crate::board::id::Slug;
use crate::config::Config;
use crate::time;
use crate::worker::launch;
use crate::worker::slots::{self, Slots, Waiter};

/// What a tick is given to start with.
#[derive(Debug)]
pub enum Offer {
    /// Nothing but what the rule says.
    Nothing,
    /// It is one of several boards whose ticks are started together: what is left when all had their share is handed
    /// on when they are through.
    Round(Round),
    /// A slot, because it was this board's turn.
    Slot(File),
}

/// Boards whose ticks are started together.
#[derive(Debug, Clone, Default)]
pub struct Round {
    /// How many there are.
    pub boards: u32,
    /// Who was in line before the first of them was ticked. Whoever gets in line meanwhile has had its turn in this
    /// round, and comes after those that have not.
    pub ahead: Vec<String>,
}

/// The boards in line, the first first.
pub fn line(config: &Config) -> Vec<String> {
    let line = waiters(config).into_iter();
    line.map(|waiter| waiter.board).collect()
}

fn waiters(config: &Config) -> Vec<Waiter> {
    slots::line(&config.home.slots_dir()).unwrap_or_else(|e| {
        // Workers are started all the same, but out of turn.
        log::warn!("{e:#}");
        Vec::new()
    })
}

/// The slots of this machine, as one tick may take them.
pub struct Share<'a> {
    config: &'a Config,
    slots: Slots,
    me: Waiter,
    /// Handed over.
    slot: Option<File>,
    /// Slots that are still this board's by right.
    by_right: u32,
    /// How often it may take its turn yet.
    turns: u32,
    /// Who comes before this board, and who after it.
    ahead: VecDeque<Waiter>,
    behind: VecDeque<Waiter>,
    /// Left free for those who cannot be started from here.
    reserved: Vec<File>,
    round: bool,
    in_line: bool,
    had_turn: bool,
    taken: usize,
}

impl<'a> Share<'a> {
    /// That of a tick.
    pub(super) fn of(tick: &mut Tick<'a>) -> Self {
        let config = tick.config;
        let me = Waiter {
            board: tick.board.slug.to_string(),
            note: config.fingerprint(),
        };
        let line = waiters(config);
        let place = line.iter().position(|one| one.board == me.board);
        let (mut ahead, mut behind) = (VecDeque::from(line), VecDeque::new());
        if let Some(place) = place {
            behind = ahead.split_off(place);
            behind.pop_front();
        }
        let others = u32::try_from(ahead.len() + behind.len()).unwrap_or(u32::MAX);
        let (slot, round) = match std::mem::replace(&mut tick.offer, Offer::Nothing) {
            Offer::Nothing => (None, None),
            Offer::Round(round) => (None, Some(round)),
            Offer::Slot(slot) => (Some(slot), None),
        };
        if let Some(round) = &round {
            ahead.retain(|one| round.ahead.contains(&one.board));
        }
        let together = round.as_ref().map_or(1, |round| round.boards);
        let boards = others.saturating_add(1).max(together);
        let alive = |f: &&survey::Finding| matches!(f.state, survey::State::Alive);
        let held = tick.findings.iter().filter(alive).count();
        let by_right = by_right(config.host_max(), boards, held);
        Self {
            config,
            slots: free(config),
            me,
            had_turn: slot.is_some(),
            slot,
            by_right,
            turns: match round {
                Some(_) => u32::from(by_right == 0),
                None => u32::MAX,
            },
            ahead,
            behind,
            reserved: Vec::new(),
            round: round.is_some(),
            in_line: place.is_some(),
            taken: 0,
        }
    }

    /// Takes a slot. `None`: there is none for this board now.
    pub fn take(&mut self) -> Result<Option<File>> {
        let slot = match self.slot.take() {
            Some(slot) => Some(slot),
            None if self.by_right > 0 => {
                self.by_right -= 1;
                self.slots.take()?
            }
            None => self.in_turn()?,
        };
        self.taken += usize::from(slot.is_some());
        Ok(slot)
    }

    fn in_turn(&mut self) -> Result<Option<File>> {
        if self.turns == 0 {
            return Ok(None);
        }
        while let Some(first) = self.ahead.pop_front() {
            let Some(slot) = self.slots.take()? else {
                self.ahead.push_front(first);
                return Ok(None);
            };
            if self.round {
                self.reserved.push(slot);
            } else {
                self.reserved.extend(hand(self.config, &first, slot));
            }
        }
        let slot = self.slots.take()?;
        if slot.is_some() {
            self.turns -= 1;
            self.had_turn = true;
            self.ahead.append(&mut self.behind);
        }
        Ok(slot)
    }

    /// Ends it: gets in line if there are cards that found no slot, and sees to those who are in line.
    /// `started` is how many of the slots are used now.
    pub fn finish(mut self, more: bool, started: usize) {
        let dir = self.config.home.slots_dir();
        self.slot = None;
        self.reserved.clear();
        let stays = more && started >= self.taken;
        if self.in_line && (!stays || self.had_turn) {
            slots::leave_line(&dir, &self.me.board);
        }
        if stays && let Err(e) = slots::get_in_line(&dir, &self.me) {
            // It is served all the same, but out of turn.
            log::warn!("{e:#}");
        }
        if !self.round {
            hand_on(self.config);
        }
    }
}

/// Of so many slots, how many more are a board's by right while this many boards want some.
fn by_right(slots: u32, boards: u32, held: usize) -> u32 {
    let held = u32::try_from(held).unwrap_or(u32::MAX);
    (slots / boards.max(1)).saturating_sub(held)
}

/// The slots that may be taken.
fn free(config: &Config) -> Slots {
    Slots::of(config.home.slots_dir(), config.host_max())
}

/// Hands the slots that are free to the boards in line.
pub fn hand_on(config: &Config) {
    let (dir, mut slots) = (config.home.slots_dir(), free(config));
    let mut reserved = Vec::new();
    let outcome = slots::line(&dir).and_then(|line| {
        for waiter in line {
            match slots.take()? {
                Some(slot) => reserved.extend(hand(config, &waiter, slot)),
                None => break,
            }
        }
        Ok(())
    });
    if let Err(e) = outcome {
        log::warn!("free slots were not handed on: {e:#}");
    }
}

/// Hands a slot to a board. What comes back is to be left free for it: it cannot be ticked from here.
fn hand(config: &Config, to: &Waiter, slot: File) -> Option<File> {
    let dir = config.home.slots_dir();
    let Ok(board) = to.board.parse::<Slug>() else {
        slots::leave_line(&dir, &to.board);
        return None;
    };
    if to.note != config.fingerprint() {
        // Its workers would start with another configuration or environment. It is ticked by somebody else, or by
        // nobody any more.
        let every = config.defaults().tick_every.0;
        let age = last_at(&config.board(&board)).zip(time::now().ok());
        let age = age.map(|(at, now)| now.saturating_sub(at));
        if served::problem(age, every, || true).is_none() {
            return Some(slot);
        }
        slots::leave_line(&dir, &to.board);
        return None;
    }
    if slots::leave_line(&dir, &to.board) {
        let file = config.path.as_deref().filter(|_| config.found);
        if let Err(e) = launch::tick(&to.board, file, &config.home.dir, slot) {
            log::warn!("{e:#}");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_boards_by_right_is_an_even_part() {
        assert_eq!(by_right(8, 1, 0), 8);
        assert_eq!(by_right(8, 3, 0), 2);
        assert_eq!(by_right(8, 3, 1), 1);
        assert_eq!(by_right(8, 3, 7), 0);
        // With more boards than slots, everything goes in turn.
        assert_eq!(by_right(8, 10, 0), 0);
    }
}
