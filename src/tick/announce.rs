//! Puts what happened into the outbox: for each new event, whoever wrote it, a row for each target that
//! wants to hear of it, in one transaction with the cursor over the events.

use anyhow::Result;
use serde_json::{Value, json};

use super::Tick;
use crate::board::id::{Slug, TaskId};
use crate::board::notice::{Happened, Next, Notice, VERSION, can_wait};
use crate::config::{Channel, Config};
use crate::delivery;
use crate::store::history::{self, EventRow};
use crate::store::subscriptions::{self, Shared};
use crate::store::targets::{self, Target};
use crate::store::{Snapshot, Tx, links, meta, outbox, promotion, telling};
use crate::time::Seconds;

/// Events that are looked at in one transaction: it should hold up other writers for milliseconds.
const BATCH: u32 = 200;
/// Transactions in one tick; what is left is for the next.
const BATCHES_MAX: u32 = 100;
/// The kind of event that tells of a broken channel.
const ALERT: &str = "channel_paused";
/// Seconds between two looks at every subscription of Hermes, for those whose cursor was put back.
const SWEEP_EVERY: Seconds = 3_600;

/// Announces.
pub(super) fn run(tick: &mut Tick<'_>) -> Result<()> {
    let teller = Teller::new(tick.config, &tick.board.slug, tick.now);
    let (fresh, behind) = tick.store.read("looking for news", |conn| {
        let (announced, newest) = (outbox::announced(conn)?, history::last_event(conn)?);
        Ok((
            newest > announced,
            shared_are_behind(conn, tick.config, tick.now)?,
        ))
    })?;
    if let Some(after) = behind {
        let put = tick
            .store
            .write_unsynced("telling subscribers of Hermes", |tx| {
                teller.catch_up(tx, after)
            })?;
        tick.report.announced += put;
    }
    if !fresh {
        return Ok(());
    }
    for _ in 0..BATCHES_MAX {
        let unnoted = tick.unnoted.take();
        let (put, more) = tick
            .store
            .write_unsynced("announcing what happened", |tx| {
                if let Some(cursor) = &unnoted {
                    promotion::advance(tx, cursor, teller.now)?;
                }
                teller.batch(tx)
            })?;
        tick.report.announced += put;
        if !more {
            break;
        }
    }
    Ok(())
}

/// Tells another channel, if there is one, that nothing can be delivered to a target. Returns whether there is.
pub fn alert(
    tx: &Tx<'_>,
    config: &Config,
    board: &Slug,
    broken: &Target,
    why: &str,
    now: Seconds,
) -> Result<bool> {
    let notice = Notice {
        version: VERSION,
        board: board.to_string(),
        event: Happened {
            id: None,
            kind: ALERT.into(),
            at: now,
            payload: json!({"about": format!("channel {broken}"), "target": broken, "error": why}),
        },
        task: None,
        run: None,
        next: Next::Person {
            command: format!("kanban notify test {} --board {board}", broken.channel),
        },
        look: format!(
            "kanban deliveries list --channel {} --board {board}",
            broken.channel
        ),
    };
    let number = outbox::note(tx, &notice, now)?;
    // What was to tell of another broken channel goes another way too.
    let mut stranded = outbox::stranded(tx, broken, ALERT, now)?;
    let heard = pass_on(tx, config, board, number, now)?;
    while let Some(notice) = stranded.pop() {
        pass_on(tx, config, board, notice, now)?;
    }
    Ok(heard)
}

/// Has a notice about no card told by one channel that works. Returns whether there is any.
fn pass_on(tx: &Tx<'_>, config: &Config, board: &Slug, notice: i64, now: Seconds) -> Result<bool> {
    let mut channels: Vec<&Channel> = config
        .channels()
        .filter(|c| c.is_board_wide() && c.filter.wants_board(board.as_str()))
        .collect();
    // Whoever asked for it goes first, then whoever is there at all.
    channels.sort_by_key(|c| !c.filter.wants_kind(ALERT));
    for channel in channels {
        let target = Target::of_channel(&channel.name);
        // The one that is told of is paused by now, and so passed over.
        if targets::standing(tx, &target)?.paused_at.is_some() {
            continue;
        }
        let id = delivery::id_of(
            outbox::board_number(tx)?,
            &format!("notice {notice}"),
            [&target.channel, "", ""],
        );
        outbox::put(tx, (notice, None), &id, &target, now, now)?;
        return Ok(true);
    }
    Ok(false)
}

/// The channel that serves a subscription of Hermes, if one does, and the target that it is there.
pub fn serving<'a>(config: &'a Config, sub: &Shared) -> Option<(&'a Channel, Target)> {
    let channel = config.channels().find(|channel| {
        let keys = &channel.keys;
        keys.platform.as_deref() == Some(sub.platform.as_str())
            && (keys.profile.is_none() || keys.profile == sub.profile)
    })?;
    Some((channel, target_at(channel, &sub.chat_id, &sub.thread_id)))
}

/// A target of a channel. One that is what the configuration says anyway is not told apart from it.
pub fn target_at(channel: &Channel, address: &str, thread: &str) -> Target {
    let keys = &channel.keys;
    let usual = address == keys.to.as_deref().unwrap_or_default()
        && thread == keys.thread.as_deref().unwrap_or_default();
    let (address, thread) = if usual { ("", "") } else { (address, thread) };
    Target {
        channel: channel.name.clone(),
        address: address.to_owned(),
        thread: thread.to_owned(),
    }
}

/// Whether any channel serves subscriptions of Hermes: they have cursors of their own, which Hermes moves too.
fn serves(config: &Config) -> bool {
    config.channels().any(|c| c.keys.platform.is_some())
}

/// Whether subscribers of Hermes may have missed events that were looked at already.
pub(super) fn is_behind(conn: &Snapshot, config: &Config, now: Seconds) -> Result<bool> {
    Ok(shared_are_behind(conn, config, now)?.is_some())
}

/// After which subscription of Hermes those may stand that have missed events which were looked at already:
/// they are new, or, of all now and then, their cursor was put back. None: there is none.
fn shared_are_behind(conn: &Snapshot, config: &Config, now: Seconds) -> Result<Option<i64>> {
    if !serves(config) {
        return Ok(None);
    }
    let seen = meta::number(conn, "shared_seen")?.unwrap_or(0);
    let swept = meta::number(conn, "shared_swept_at")?;
    if swept.is_none_or(|at| now >= at.saturating_add(SWEEP_EVERY) || now < at) {
        return Ok(Some(0));
    }
    Ok((subscriptions::shared_newest(conn)? > seen).then_some(seen))
}

/// Knows who is told what on one board.
struct Teller<'a> {
    config: &'a Config,
    board: &'a Slug,
    now: Seconds,
    /// The channels that hear of the whole board.
    wide: Vec<&'a Channel>,
    /// Whether any channel serves subscriptions of Hermes.
    serves: bool,
}

impl<'a> Teller<'a> {
    fn new(config: &'a Config, board: &'a Slug, now: Seconds) -> Self {
        let wide = config
            .channels()
            .filter(|c| c.is_board_wide() && c.filter.wants_board(board.as_str()));
        Self {
            config,
            board,
            now,
            wide: wide.collect(),
            serves: serves(config),
        }
    }

    /// Tells of the next events. Returns how many deliveries that made, and whether there are more events.
    fn batch(&self, tx: &Tx<'_>) -> Result<(usize, bool)> {
        let (announced, newest) = (outbox::announced(tx)?, history::last_event(tx)?);
        // Where nobody has asked for single cards, the kinds that all cards are heard of are enough.
        let asked = self.serves || subscriptions::any(tx)?;
        let matters = |kind: &str| asked || self.wide.iter().any(|c| c.filter.wants_kind(kind));
        let (events, seen) = history::events_after(tx, announced, BATCH, matters)?;
        let mut put = 0;
        for event in &events {
            self.hand_down(tx, event)?;
            put += self.tell(tx, event)?;
        }
        outbox::advance(tx, seen)?;
        Ok((put, seen < newest))
    }

    /// Children that are made or linked get what their parents have.
    fn hand_down(&self, tx: &Tx<'_>, event: &EventRow) -> Result<()> {
        if !matches!(event.kind.as_str(), "created" | "linked") {
            return Ok(());
        }
        let named = event.payload.as_ref().and_then(|p| p.get("child"));
        let child = named.and_then(Value::as_str).and_then(|id| id.parse().ok());
        let child: TaskId = child.unwrap_or_else(|| event.task_id.clone());
        subscriptions::inherit(tx, &child, event.id, self.now)?;
        if self.serves {
            for parent in links::parents(tx, &child)? {
                for sub in subscriptions::shared(tx, Some(&parent.id))? {
                    if serving(self.config, &sub).is_some() {
                        subscriptions::inherit_shared(tx, &sub, &child, event.id, self.now)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Tells of one event. Returns how many deliveries that made.
    fn tell(&self, tx: &Tx<'_>, event: &EventRow) -> Result<usize> {
        let wants = |channel: &Channel| {
            channel.filter.wants_kind(&event.kind)
                && channel.filter.wants_board(self.board.as_str())
        };
        let mut asked = Vec::new();
        for target in subscriptions::targets(tx, &event.task_id, event.id)? {
            if let Some(channel) = self.config.channel(&target.channel).filter(|c| wants(c)) {
                asked.push((channel, target));
            }
        }
        if self.serves {
            for sub in subscriptions::shared_of(tx, &event.task_id, event.id)? {
                if let Some((channel, target)) = serving(self.config, &sub)
                    && wants(channel)
                    && subscriptions::take_shared(tx, &sub, event.id)?
                {
                    asked.push((channel, target));
                }
            }
        }
        let wide: Vec<&Channel> = self.wide.iter().copied().filter(|c| wants(c)).collect();
        if wide.is_empty() && asked.is_empty() {
            return Ok(0);
        }
        let notice = telling::notice(tx, self.board, event)?;
        let wide = wide
            .into_iter()
            .filter(|channel| channel.filter.wants(&notice))
            .map(|channel| (channel, Target::of_channel(&channel.name)));
        self.put(tx, &notice, asked.into_iter().chain(wide))
    }

    fn put(
        &self,
        tx: &Tx<'_>,
        notice: &Notice,
        targets: impl Iterator<Item = (&'a Channel, Target)>,
    ) -> Result<usize> {
        let mut targets = targets.peekable();
        if targets.peek().is_none() {
            return Ok(0);
        }
        let number = outbox::note(tx, notice, self.now)?;
        let board = outbox::board_number(tx)?;
        let event = notice.event.id.unwrap_or(0);
        let task = notice.task.as_ref().map(|card| card.id.as_str());
        let mut put = 0;
        for (channel, target) in targets {
            let id = delivery::id_of(
                board,
                &format!("event {event}"),
                [&target.channel, &target.address, &target.thread],
            );
            let held = match task {
                Some(task) if channel.digest > 0 && can_wait(&notice.event.kind) => {
                    outbox::digest_ends(tx, &target, task, channel.digest, self.now)?
                }
                _ => None,
            };
            let at = held.unwrap_or(self.now);
            put += usize::from(outbox::put(tx, (number, task), &id, &target, at, self.now)?);
        }
        Ok(put)
    }

    /// Tells the subscribers of Hermes after one what they have missed. Returns how many deliveries that made.
    fn catch_up(&self, tx: &Tx<'_>, after: i64) -> Result<usize> {
        let announced = outbox::announced(tx)?;
        let mut put = 0;
        for sub in subscriptions::shared_behind(tx, after, announced)? {
            let Some((channel, target)) = serving(self.config, &sub) else {
                continue;
            };
            let mut missed = history::events_of(tx, &sub.task_id, sub.last_event_id)?;
            missed.retain(|event| event.id <= announced && channel.filter.wants_kind(&event.kind));
            let Some(last) = missed.last() else {
                continue;
            };
            if !subscriptions::take_shared(tx, &sub, last.id)? {
                continue;
            }
            for event in &missed {
                let notice = telling::notice(tx, self.board, event)?;
                put += self.put(tx, &notice, std::iter::once((channel, target.clone())))?;
            }
        }
        meta::remember(tx, "shared_seen", subscriptions::shared_newest(tx)?)?;
        if after == 0 {
            meta::remember(tx, "shared_swept_at", self.now)?;
        }
        Ok(put)
    }
}
