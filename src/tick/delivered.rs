//! Writes down what came of tries, and what follows from that: a target that is paused and somebody who is
//! told of it, a wait, the end of a subscription.

use std::collections::BTreeSet;

use anyhow::Result;

use super::deliver::{Part, service_of};
use super::report::{Report, Told, Untold};
use super::{Tick, announce};
use crate::board::delivery::{Outcome, Reach, State};
use crate::board::id::{Slug, TaskId};
use crate::config::Config;
use crate::delivery::sender::Note;
use crate::store::outbox::{self, Leased};
use crate::store::{Tx, subscriptions, targets};
use crate::time::Seconds;

/// Books tries, many in one transaction.
pub(super) fn book(
    tick: &mut Tick<'_>,
    parts: &[Part],
    notes: Vec<Note>,
    now: Seconds,
) -> Result<()> {
    let (config, slug) = (tick.config, tick.board.slug.clone());
    let mut entries = Vec::new();
    let mut errors = Vec::new();
    let what = format!("booking deliveries of board {slug}");
    tick.store.write(&what, |tx| {
        for note in notes {
            match note {
                Note::Left { job, from } => {
                    for leased in parts[job].leased.iter().skip(from) {
                        outbox::give_back(tx, leased.seq)?;
                    }
                }
                Note::Paced { job, paced_ms } => {
                    targets::pace(tx, &parts[job].target, paced_ms)?;
                }
                Note::Tried {
                    job,
                    parcel,
                    outcome,
                } => {
                    let (part, leased) = (&parts[job], &parts[job].leased[parcel]);
                    let state = outbox::settle(tx, leased, &outcome, now)?;
                    errors.extend(consequences(tx, config, &slug, part, &outcome, now)?);
                    // Nothing where somebody cancelled it meanwhile.
                    entries.extend(state.map(|state| Entry::new(part, leased, outcome, state)));
                }
            }
        }
        let cards: BTreeSet<String> = entries.iter().filter_map(|e| e.task.clone()).collect();
        end_subscriptions(tx, config, &cards)
    })?;
    tick.report.errors.append(&mut errors);
    for entry in entries {
        entry.report(&mut tick.report);
    }
    Ok(())
}

/// A try that was booked.
struct Entry {
    delivery: String,
    task: Option<String>,
    kind: String,
    target: String,
    outcome: Outcome,
    state: State,
}

impl Entry {
    fn new(part: &Part, leased: &Leased, outcome: Outcome, state: State) -> Self {
        Self {
            delivery: leased.id.clone(),
            task: leased.notice.task.as_ref().map(|card| card.id.clone()),
            kind: leased.notice.event.kind.clone(),
            target: part.target.to_string(),
            outcome,
            state,
        }
    }

    fn report(self, report: &mut Report) {
        let Self {
            delivery,
            task,
            kind,
            target,
            outcome,
            state,
        } = self;
        let Some(why) = outcome.why().map(str::to_owned) else {
            report.delivered.push(Told {
                delivery,
                task,
                kind,
                target,
            });
            return;
        };
        // A broken target is complained about on its own, once.
        if state == State::Dead && !matches!(outcome, Outcome::DeadTarget { .. }) {
            report.errors.push(format!(
                "{target} could not be told of {kind} {}: {why}; kanban deliveries show {delivery}",
                task.as_deref().unwrap_or_default()
            ));
        }
        report.undelivered.push(Untold {
            delivery,
            task,
            kind,
            target,
            outcome: outcome.word(),
            state,
            why,
        });
    }
}

/// What a try means for its target beyond the message. Returns what there is to complain about.
fn consequences(
    tx: &Tx<'_>,
    config: &Config,
    board: &Slug,
    part: &Part,
    outcome: &Outcome,
    now: Seconds,
) -> Result<Option<String>> {
    match outcome {
        Outcome::Delivered { .. } if part.probe => {
            targets::resume(tx, &part.target, now)?;
        }
        Outcome::Retry {
            after: Some(after),
            reach,
            ..
        } => {
            let until = now.saturating_add(*after);
            match reach {
                Reach::Target => targets::hold(tx, &part.target, until)?,
                Reach::Service => targets::hold(tx, &service_of(&part.settings), until)?,
            }
        }
        Outcome::DeadTarget { why, gone } if targets::pause(tx, &part.target, why, *gone, now)? => {
            let heard = announce::alert(tx, config, board, &part.target, why, now)?;
            let told = if heard {
                "; another channel is told"
            } else {
                ""
            };
            return Ok(Some(format!(
                "nothing can be delivered to {} until somebody puts it right: {why}{told}; \
                 then: kanban notify test {} --board {board}",
                part.target, part.target.channel
            )));
        }
        _ => {}
    }
    Ok(None)
}

/// Ends the subscriptions of cards that are at an end, of which everything was told.
fn end_subscriptions(tx: &Tx<'_>, config: &Config, cards: &BTreeSet<String>) -> Result<()> {
    if cards.is_empty() {
        return Ok(());
    }
    let announced = outbox::announced(tx)?;
    let cards: Vec<String> = cards.iter().cloned().collect();
    subscriptions::end_finished(tx, Some(&cards), announced)?;
    for card in cards.iter().filter_map(|card| card.parse().ok()) {
        end_shared(tx, config, Some(&card))?;
    }
    Ok(())
}

/// The same for subscriptions of Hermes that a channel serves.
fn end_shared(tx: &Tx<'_>, config: &Config, card: Option<&TaskId>) -> Result<()> {
    if !config.channels().any(|c| c.keys.platform.is_some()) {
        return Ok(());
    }
    for sub in subscriptions::shared(tx, card)? {
        if let Some((channel, target)) = announce::serving(config, &sub) {
            let wants = |kind: &str| channel.filter.wants_kind(kind);
            subscriptions::end_shared(tx, &sub, &target, &wants)?;
        }
    }
    Ok(())
}

/// Ends subscriptions that nothing is left to tell.
pub(super) fn prune(tick: &mut Tick<'_>) -> Result<()> {
    let config = tick.config;
    tick.store.write("ending subscriptions", |tx| {
        let announced = outbox::announced(tx)?;
        subscriptions::end_finished(tx, None, announced)?;
        end_shared(tx, config, None)
    })
}
